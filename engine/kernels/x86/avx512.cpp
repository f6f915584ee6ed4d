// Kernels for AVX-512 with VPOPCNTDQ and VNNI (compiled with their flags). The int16 layers are those of
// AVX2.
#include "engine/kernels/x86/bit_layers.h"

namespace kwsd::x86 {
namespace {

/// Popcounts of eight outputs, one 64-bit lane each. Order of the weights: 0 to 7.
template <int Words>
class Counter {
 public:
  Counter(const std::uint64_t* weights, int words) noexcept : weights_(weights), words_(words) {
    for (int w = 0; w < Words; ++w) {
      kept_[w] = _mm512_loadu_si512(weights + 8 * w);
    }
  }

  __m128i operator()(const std::uint64_t* a) const noexcept { return _mm512_cvtepi64_epi16(sum_of(a)); }

  /// popcount <= limits[i] -> bit i. limits: eight int16.
  std::uint8_t at_most(__m128i limits, const std::uint64_t* a) const noexcept {
    return static_cast<std::uint8_t>(_mm512_cmple_epi64_mask(sum_of(a), _mm512_cvtepi16_epi64(limits)));
  }

 private:
  __m512i sum_of(const std::uint64_t* a) const noexcept {
    __m512i sum = _mm512_setzero_si512();
    if constexpr (Words > 0) {
      for (int w = 0; w < Words; ++w) {
        sum = _mm512_add_epi64(sum, differing(kept_[w], a[w]));
      }
    } else {
      for (int w = 0; w < words_; ++w) {
        sum = _mm512_add_epi64(sum, differing(_mm512_loadu_si512(weights_ + 8 * w), a[w]));
      }
    }
    return sum;
  }

  static __m512i differing(__m512i weights, std::uint64_t bits) noexcept {
    return _mm512_popcnt_epi64(_mm512_xor_si512(weights, _mm512_set1_epi64(static_cast<long long>(bits))));
  }

  const std::uint64_t* weights_;
  int words_;
  __m512i kept_[static_cast<std::size_t>(Words > 0 ? Words : 1)];
};

/// The sum of a row's activations.
inline int sum_of_row(const std::int8_t* a, int count) noexcept {
  __m512i sum = _mm512_setzero_si512();
  for (int k = 0; k < count; k += 64) {
    const auto mask = count - k >= 64 ? ~__mmask64{0} : (__mmask64{1} << (count - k)) - 1;
    sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_maskz_loadu_epi8(mask, a + k));
  }
  return _mm512_reduce_add_epi32(sum);
}

/// Groups x 16 outputs of Rows rows. VPDPBUSD wants one side unsigned: the weights lie as w + 128, and
/// `start` takes 128 times the sum of the row away again. Chains: how many accumulators share a row and a
/// group.
template <int Rows, int Groups, int Chains>
inline void int8_outputs(int n, const Int8Layer& layer, const Int8Rows& a, int row, const int* start,
                         std::int32_t* out) noexcept {
  const int quads = (layer.inputs + 3) / 4;
  const int group_bytes = quads * 64;
  const std::byte* w = layer.weights + n / 16 * group_bytes;
  constexpr std::size_t groups = Groups;
  __m512i acc[std::size_t{Chains}][std::size_t{Rows}][groups];
  for (int c = 0; c < Chains; ++c) {
    for (int g = 0; g < Groups; ++g) {
      for (int r = 0; r < Rows; ++r) {
        acc[c][r][g] = _mm512_set1_epi32(c == 0 ? start[r] : 0);
      }
    }
  }
  const auto step = [&](int k, int chain) {
    __m512i weights[groups];
    for (int g = 0; g < Groups; ++g) {
      weights[g] = _mm512_loadu_si512(w + g * group_bytes + k * 64);
    }
    for (int r = 0; r < Rows; ++r) {
      int four = 0;
      std::memcpy(&four, a.values + (row + r) * a.stride + 4 * k, sizeof four);
      for (int g = 0; g < Groups; ++g) {
        acc[chain][r][g] = _mm512_dpbusd_epi32(acc[chain][r][g], weights[g], _mm512_set1_epi32(four));
      }
    }
  };
  int k = 0;
  for (; k + Chains <= quads; k += Chains) {
    for (int c = 0; c < Chains; ++c) {
      step(k + c, c);
    }
  }
  for (; k < quads; ++k) {
    step(k, 0);
  }
  for (int g = 0; g < Groups; ++g) {
    const int first = n + 16 * g;
    const int count = layer.outputs - first;
    const auto mask = static_cast<__mmask16>(count >= 16 ? 0xffff : (1 << count) - 1);
    for (int r = 0; r < Rows; ++r) {
      __m512i sum = acc[0][r][g];
      for (int c = 1; c < Chains; ++c) {
        sum = _mm512_add_epi32(sum, acc[c][r][g]);
      }
      _mm512_mask_storeu_epi32(out + (row + r) * layer.outputs + first, mask, sum);
    }
  }
}

/// All outputs of Rows rows: eight accumulators, or four chains of one.
template <int Rows>
inline void int8_rows(const Int8Layer& layer, const Int8Rows& a, int row, std::int32_t* out) noexcept {
  constexpr int groups = 8 / Rows;
  int start[std::size_t{Rows}];
  for (int r = 0; r < Rows; ++r) {
    start[r] = -128 * sum_of_row(a.values + (row + r) * a.stride, layer.inputs);
  }
  int n = 0;
  for (; n + 16 * (groups - 1) < layer.outputs; n += 16 * groups) {
    int8_outputs<Rows, groups, 1>(n, layer, a, row, start, out);
  }
  for (; n < layer.outputs; n += 16) {
    int8_outputs<Rows, 1, Rows == 1 ? 4 : 1>(n, layer, a, row, start, out);
  }
}

// ---- the int16 memory filter of up to eight steps: four channels at a time ----

inline __m512i mul_q15(__m512i a, __m512i b) noexcept {
  const __m512i product = _mm512_mulhrs_epi16(a, b);
  const __mmask32 both_smallest = _mm512_cmpeq_epi16_mask(product, _mm512_set1_epi16(INT16_MIN));
  return _mm512_mask_blend_epi16(both_smallest, product, _mm512_set1_epi16(INT16_MAX));
}

/// Lane `lane` of each quarter, everywhere in that quarter.
inline __m512i repeat(__m512i v, int lane) noexcept {
  return _mm512_shuffle_epi8(v, _mm512_set1_epi16(static_cast<std::int16_t>(lane * 0x202 + 0x100)));
}

/// v * 2^shift, saturating; shift in [0, 15].
inline __m512i shift_left(__m512i v, int shift) noexcept {
  if (shift == 0) {
    return v;
  }
  const __m512i smallest = _mm512_set1_epi16(static_cast<std::int16_t>(INT16_MIN >> shift));
  const __m512i largest = _mm512_set1_epi16(static_cast<std::int16_t>(INT16_MAX >> shift));
  const __m512i shifted = _mm512_sll_epi16(_mm512_max_epi16(v, smallest), _mm_cvtsi32_si128(shift));
  return _mm512_mask_blend_epi16(_mm512_cmpgt_epi16_mask(v, largest), shifted, _mm512_set1_epi16(INT16_MAX));
}

/// taps, constants and x: of the first of the four channels. valid: the lanes of steps.
inline void filter_four(const std::int16_t* taps, const std::int16_t* constants, int shift, __mmask32 valid,
                        std::int16_t* x) noexcept {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i now = _mm512_maskz_loadu_epi16(valid, x);
  const __m512i w = _mm512_loadu_si512(taps);
  __m512i sum = mul_q15(_mm512_alignr_epi8(now, zero, 12), repeat(w, 0));
  sum = _mm512_adds_epi16(sum, mul_q15(_mm512_alignr_epi8(now, zero, 14), repeat(w, 1)));
  sum = _mm512_adds_epi16(sum, mul_q15(now, repeat(w, 2)));
  sum = _mm512_adds_epi16(sum, mul_q15(_mm512_alignr_epi8(zero, now, 2), repeat(w, 3)));
  sum = _mm512_adds_epi16(sum, mul_q15(_mm512_alignr_epi8(zero, now, 4), repeat(w, 4)));
  const __m512i of_channels = _mm512_permutexvar_epi64(  // one channel a quarter
      _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3),
      _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(constants))));
  const __m512i v = _mm512_adds_epi16(shift_left(sum, shift), repeat(of_channels, 1));
  const __m512i below = mul_q15(v, repeat(of_channels, 2));
  const __m512i p = _mm512_mask_blend_epi16(_mm512_movepi16_mask(v), v, below);
  _mm512_storeu_si512(x, _mm512_adds_epi16(now, p));
}

}  // namespace

namespace avx512 {

int memory(const std::int16_t* taps, const Channels& affine, int channels, int steps,
           std::int16_t* residual) noexcept {
  const auto valid = static_cast<__mmask32>(((1U << steps) - 1) * 0x01010101U);
  int c = 0;
  for (; c + 4 <= channels; c += 4) {
    filter_four(taps + c * 8, affine.constants + c * 4, affine.shift, valid, residual + c * 8);
  }
  return c;
}

void bit_dots(const BitLayer& layer, const BitRows& a, std::int16_t* dot) noexcept {
  bit_dots_with<Counter>(layer, a, dot);
}

void expand(const BitLayer& layer, const std::int16_t* limits, const BitRows& a, std::uint8_t* out,
            int out_row_bytes) noexcept {
  expand_with<Counter>(layer, limits, a, out, out_row_bytes);
}

void project(const BitLayer& layer, const Channels& channels, const BitRows& a, std::int16_t* residual,
             int stride) noexcept {
  project_with<Counter>(layer, channels, a, residual, stride);
}

void int8_dots(const Int8Layer& layer, const Int8Rows& a, std::int32_t* acc) noexcept {
  int row = 0;
  for (; row + 4 <= a.count; row += 4) {
    int8_rows<4>(layer, a, row, acc);
  }
  for (; row < a.count; ++row) {
    int8_rows<1>(layer, a, row, acc);
  }
}

}  // namespace avx512
}  // namespace kwsd::x86
