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

  /// In 64-bit lanes.
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

 private:
  static __m512i differing(__m512i weights, std::uint64_t bits) noexcept {
    return _mm512_popcnt_epi64(_mm512_xor_si512(weights, _mm512_set1_epi64(static_cast<long long>(bits))));
  }

  const std::uint64_t* weights_;
  int words_;
  __m512i kept_[static_cast<std::size_t>(Words > 0 ? Words : 1)];
};

/// Four activations in every lane.
inline __m512i quad_at(const std::int8_t* a) noexcept {
  int four = 0;
  std::memcpy(&four, a, sizeof four);
  return _mm512_set1_epi32(four);
}

/// Lanes of the existing outputs, of sixteen.
inline __mmask16 outputs_left(int count) noexcept {
  return static_cast<__mmask16>(count >= 16 ? 0xffff : (1 << count) - 1);
}

/// The sum of a row's activations.
inline int sum_of_row(const std::int8_t* a, int count) noexcept {
  __m512i sum = _mm512_setzero_si512();
  for (int k = 0; k < count; k += 64) {
    const auto mask = count - k >= 64 ? ~__mmask64{0} : (__mmask64{1} << (count - k)) - 1;
    sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_maskz_loadu_epi8(mask, a + k));
  }
  return _mm512_reduce_add_epi32(sum);
}

/// 16 outputs of Rows rows that are too short for sums of their own: 128 times each activation is added up
/// along with the products and subtracted at the end.
template <int Rows>
inline void short_rows(int n, const Int8Layer& layer, const Int8Rows& a, int row,
                       std::int32_t* out) noexcept {
  const int quads = (layer.inputs + 3) / 4;
  const std::byte* w = layer.weights + n / 16 * quads * 64;
  const std::int8_t* values = a.values + row * a.stride;
  __m512i sum[std::size_t{Rows}], excess[std::size_t{Rows}];
  for (int r = 0; r < Rows; ++r) {
    sum[r] = excess[r] = _mm512_setzero_si512();
  }
  const __m512i each = _mm512_set1_epi8(INT8_MIN);  // 128
  const __m512i each_of_last =
      _mm512_set1_epi32(static_cast<int>(0x80808080U >> (8 * (4 * quads - layer.inputs))));
  for (int k = 0; k < quads; ++k) {
    const __m512i weights = _mm512_loadu_si512(w + k * 64);
    const __m512i unit = k + 1 < quads ? each : each_of_last;
    for (int r = 0; r < Rows; ++r) {
      const __m512i four = quad_at(values + r * a.stride + 4 * k);
      sum[r] = _mm512_dpbusd_epi32(sum[r], weights, four);
      excess[r] = _mm512_dpbusd_epi32(excess[r], unit, four);
    }
  }
  const __mmask16 mask = outputs_left(layer.outputs - n);
  for (int r = 0; r < Rows; ++r) {
    _mm512_mask_storeu_epi32(out + (row + r) * layer.outputs + n, mask, _mm512_sub_epi32(sum[r], excess[r]));
  }
}

/// Groups x 16 outputs of Rows rows. VPDPBUSD needs one unsigned side: the weights are stored as w + 128, and
/// `start` subtracts 128 times the sum of the row. Chains: how many accumulators share a row and a group.
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
      const __m512i four = quad_at(a.values + (row + r) * a.stride + 4 * k);
      for (int g = 0; g < Groups; ++g) {
        acc[chain][r][g] = _mm512_dpbusd_epi32(acc[chain][r][g], weights[g], four);
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
    const __mmask16 mask = outputs_left(layer.outputs - first);
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
  constexpr int short_inputs = 64;
  if (layer.inputs <= short_inputs) {
    for (int n = 0; n < layer.outputs; n += 16) {
      short_rows<Rows>(n, layer, a, row, out);
    }
    return;
  }
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

/// The first `count` lanes of 32.
inline __mmask32 first_lanes(int count) noexcept {
  return static_cast<__mmask32>((std::uint64_t{1} << static_cast<unsigned>(count)) - 1);
}

/// {mult, bias, slope, sign_at_least} of up to four channels, a channel a quarter, each twice.
inline __m512i constants_of(int channels, const std::int16_t* constants) noexcept {
  const auto present = static_cast<__mmask16>(first_lanes(4 * channels));
  return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3),
                                  _mm512_castsi256_si512(_mm256_maskz_loadu_epi16(present, constants)));
}

/// v or v * slope: whichever is larger, for |slope| <= 1.
inline __m512i prelu(__m512i v, __m512i slope) noexcept {
  return _mm512_max_epi16(v, mul_q15(v, slope));
}

/// The sum of five shifted copies of `now`, times w[0] to w[4].
template <class Multiply>
inline __m512i filtered(__m512i now, __m512i w, Multiply multiply) noexcept {
  const __m512i zero = _mm512_setzero_si512();
  __m512i sum = multiply(_mm512_alignr_epi8(now, zero, 12), repeat(w, 0));
  sum = _mm512_adds_epi16(sum, multiply(_mm512_alignr_epi8(now, zero, 14), repeat(w, 1)));
  sum = _mm512_adds_epi16(sum, multiply(now, repeat(w, 2)));
  sum = _mm512_adds_epi16(sum, multiply(_mm512_alignr_epi8(zero, now, 2), repeat(w, 3)));
  return _mm512_adds_epi16(sum, multiply(_mm512_alignr_epi8(zero, now, 4), repeat(w, 4)));
}

/// Filter, BN, PReLU and shortcut of up to four channels (taps, constants and x are of the first); `valid`:
/// the lanes of steps. Bit t of byte c: the sign of step t of channel c.
inline __mmask32 filter_channels(int channels, const std::int16_t* taps, const std::int16_t* constants,
                                 int shift, __mmask32 valid, std::int16_t* x) noexcept {
  const __mmask32 present = first_lanes(8 * channels);
  const __m512i now = _mm512_maskz_loadu_epi16(valid & present, x);
  const __m512i w = _mm512_maskz_loadu_epi16(present, taps);
  const __m512i of_channels = constants_of(channels, constants);
  const bool exact = _mm512_cmpeq_epi16_mask(w, _mm512_set1_epi16(INT16_MIN)) == 0;
  const __m512i sum = exact ? filtered(now, w, [](__m512i a, __m512i b) { return _mm512_mulhrs_epi16(a, b); })
                            : filtered(now, w, [](__m512i a, __m512i b) { return mul_q15(a, b); });
  const __m512i v = _mm512_adds_epi16(shift_left(sum, shift), repeat(of_channels, 1));
  const __m512i m = _mm512_adds_epi16(now, prelu(v, repeat(of_channels, 2)));
  _mm512_mask_storeu_epi16(x, present, m);
  return _mm512_cmp_epi16_mask(m, repeat(of_channels, 3), _MM_CMPINT_NLT) & present;
}

/// Popcounts of eight outputs as [output][4 steps] int16: steps `first` to `first` + 3 of the existing ones.
template <class Count>
inline __m512i four_steps(const Count& count, const BitRows& a, int first) noexcept {
  const auto sum = [&](int t) {
    return first + t < a.count ? count.sum_of(a.words + (first + t) * a.row_words) : _mm512_setzero_si512();
  };
  return _mm512_or_si512(_mm512_or_si512(sum(0), _mm512_slli_epi64(sum(1), 16)),
                         _mm512_or_si512(_mm512_slli_epi64(sum(2), 32), _mm512_slli_epi64(sum(3), 48)));
}

/// BN, PReLU and shortcut of four outputs and eight steps.
class FourOutputs {
 public:
  FourOutputs(const Channels& channels, int inputs) noexcept
      : channels_(&channels), inputs_(inputs), saturates_((inputs << channels.shift) > INT16_MAX) {}

  /// differing: popcounts [output][step]; x: of output n, `stride` from one output to the next.
  void operator()(__m512i differing, int n, int outputs, std::int16_t* x, int stride) const noexcept {
    const int left = outputs - n < 4 ? outputs - n : 4;
    const __m512i constants = constants_of(left, channels_->constants + n * 4);
    const __m512i dot = _mm512_sub_epi16(_mm512_set1_epi16(static_cast<std::int16_t>(inputs_)),
                                         _mm512_slli_epi16(differing, 1));
    const __m512i mult = repeat(constants, 0);
    const __m512i u =
        saturates_ ? mul_q15(shift_left(dot, channels_->shift), mult)
                   : _mm512_mulhrs_epi16(_mm512_sll_epi16(dot, _mm_cvtsi32_si128(channels_->shift)), mult);
    const __m512i p = prelu(_mm512_adds_epi16(u, repeat(constants, 1)), repeat(constants, 2));
    if (stride == 8) {
      const __mmask32 there = first_lanes(8 * left);
      _mm512_mask_storeu_epi16(x, there, _mm512_adds_epi16(_mm512_maskz_loadu_epi16(there, x), p));
      return;
    }
    std::int16_t added[32];
    _mm512_storeu_si512(added, p);
    for (int i = 0; i < left; ++i) {
      auto* row = reinterpret_cast<__m128i*>(x + i * stride);
      _mm_storeu_si128(row, _mm_adds_epi16(_mm_loadu_si128(row), load(added + 8 * i)));
    }
  }

 private:
  const Channels* channels_;
  int inputs_;
  bool saturates_;
};

}  // namespace

namespace avx512 {

void memory(const std::int16_t* taps, const Channels& affine, int channels, int steps, std::int16_t* residual,
            std::uint64_t* bits, int row_words) noexcept {
  constexpr int word = 64;
  const auto valid = static_cast<__mmask32>(((1U << steps) - 1) * 0x01010101U);
  for (int first = 0; first < channels; first += word) {
    std::uint8_t flags[word] = {};  // bit t of [c]
    for (int c = first; c < channels && c < first + word; c += 4) {
      const __mmask32 four = filter_channels(channels - c < 4 ? channels - c : 4, taps + c * 8,
                                             affine.constants + c * 4, affine.shift, valid, residual + c * 8);
      std::memcpy(flags + (c - first), &four, sizeof four);
    }
    const __m512i all = _mm512_loadu_si512(flags);
    for (int t = 0; t < steps; ++t) {
      bits[t * row_words + first / word] =
          _mm512_test_epi8_mask(all, _mm512_set1_epi8(static_cast<char>(1U << static_cast<unsigned>(t))));
    }
  }
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
  const FourOutputs add(channels, layer.inputs);
  const __m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
                high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  for_each_tile<Counter>(layer, [&](int n, const auto& count) {
    for (int t = 0; t < a.count; t += 8) {
      const __m512i before = four_steps(count, a, t), after = four_steps(count, a, t + 4);
      std::int16_t* x = residual + n * stride + t;
      add(_mm512_permutex2var_epi64(before, low, after), n, layer.outputs, x, stride);
      if (n + 4 < layer.outputs) {
        add(_mm512_permutex2var_epi64(before, high, after), n + 4, layer.outputs, x + 4 * stride, stride);
      }
    }
  });
}

void project_rows(const BitLayer& layer, const RowConstants& affine, const BitRows& a,
                  std::int16_t* const* rows) noexcept {
  project_rows_with<Counter>(layer, affine, a, rows);
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
