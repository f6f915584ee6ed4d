// Kernels for AVX2 (compiled with -mavx2). Popcounts: PSHUFB looks up nibbles, bytes add up, PSADBW widens.
#include "engine/kernels/x86/bit_layers.h"

namespace kwsd::x86 {
namespace {

// ---- 1-bit layers ----

/// Bytes of popcounts.
inline __m256i count_bytes(__m256i v) noexcept {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, nibble)),
                         _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
}

/// Order of the eight weights of a word: 0 1 4 5, 2 3 6 7, which the two packs put right.
template <int Words>
class Counter {
 public:
  Counter(const std::uint64_t* weights, int words) noexcept : weights_(weights), words_(words) {
    for (int w = 0; w < Words; ++w) {
      kept_[2 * w] = half(2 * w);
      kept_[2 * w + 1] = half(2 * w + 1);
    }
  }

  __m128i operator()(const std::uint64_t* a) const noexcept {
    __m256i low = _mm256_setzero_si256(), high = low;
    if constexpr (Words > 0) {
      for (int w = 0; w < Words; ++w) {
        const __m256i bits = _mm256_set1_epi64x(static_cast<long long>(a[w]));
        low = _mm256_add_epi8(low, count_bytes(_mm256_xor_si256(kept_[2 * w], bits)));
        high = _mm256_add_epi8(high, count_bytes(_mm256_xor_si256(kept_[2 * w + 1], bits)));
      }
      low = _mm256_sad_epu8(low, _mm256_setzero_si256());
      high = _mm256_sad_epu8(high, _mm256_setzero_si256());
    } else {
      for (int w = 0; w < words_; ++w) {
        const __m256i bits = _mm256_set1_epi64x(static_cast<long long>(a[w]));
        low = _mm256_add_epi64(low, sum_of(_mm256_xor_si256(half(2 * w), bits)));
        high = _mm256_add_epi64(high, sum_of(_mm256_xor_si256(half(2 * w + 1), bits)));
      }
    }
    const __m256i pairs = _mm256_packus_epi32(low, high);
    return _mm_packus_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  }

  /// popcount <= limits[i] -> bit i. limits: eight int16.
  std::uint8_t at_most(__m128i limits, const std::uint64_t* a) const noexcept {
    const __m128i above = _mm_cmpgt_epi16((*this)(a), limits);
    return static_cast<std::uint8_t>(~_mm_movemask_epi8(_mm_packs_epi16(above, above)));
  }

 private:
  [[nodiscard]] __m256i half(int i) const noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights_ + 4 * i));
  }
  static __m256i sum_of(__m256i v) noexcept {
    return _mm256_sad_epu8(count_bytes(v), _mm256_setzero_si256());
  }

  const std::uint64_t* weights_;
  int words_;
  __m256i kept_[static_cast<std::size_t>(Words > 0 ? 2 * Words : 1)];
};

// ---- int8 ----

/// Groups x 8 outputs of Rows rows: PMADDWD of weights and activations as int16.
template <int Rows, int Groups>
inline void int8_outputs(int n, const Int8Layer& layer, const Int8Rows& a, int row,
                         std::int32_t* out) noexcept {
  constexpr std::size_t groups = Groups;
  const int pairs = (layer.inputs + 1) / 2;
  const auto* w = reinterpret_cast<const __m256i*>(layer.weights) + n / 8 * pairs;
  __m256i acc[std::size_t{Rows}][groups] = {};
  for (int k = 0; k < pairs; ++k) {
    __m256i weights[groups];
    for (int g = 0; g < Groups; ++g) {
      weights[g] = _mm256_loadu_si256(w + g * pairs + k);
    }
    for (int r = 0; r < Rows; ++r) {
      std::int16_t pair = 0;
      std::memcpy(&pair, a.values + (row + r) * a.stride + 2 * k, sizeof pair);
      const __m256i values = _mm256_cvtepi8_epi16(_mm_set1_epi16(pair));
      for (int g = 0; g < Groups; ++g) {
        acc[r][g] = _mm256_add_epi32(acc[r][g], _mm256_madd_epi16(weights[g], values));
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int g = 0; g < Groups; ++g) {
      const int first = n + 8 * g;
      std::int32_t* target = out + (row + r) * layer.outputs + first;
      if (first + 8 <= layer.outputs) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(target), acc[r][g]);
      } else {
        std::int32_t last[8];
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(last), acc[r][g]);
        std::memcpy(target, last, static_cast<std::size_t>(layer.outputs - first) * sizeof(std::int32_t));
      }
    }
  }
}

template <int Rows>
inline void int8_rows(const Int8Layer& layer, const Int8Rows& a, int row, std::int32_t* out) noexcept {
  int n = 0;
  for (; n + 8 < layer.outputs; n += 16) {
    int8_outputs<Rows, 2>(n, layer, a, row, out);
  }
  if (n < layer.outputs) {
    int8_outputs<Rows, 1>(n, layer, a, row, out);
  }
}

// ---- int16 layers: two channels at a time, eight steps each ----

/// Eight int16 of each of two rows.
inline __m256i load_two(const std::int16_t* first, const std::int16_t* second) noexcept {
  return _mm256_set_m128i(load(second), load(first));
}

inline __m256i spread(std::int16_t first, std::int16_t second) noexcept {
  return _mm256_set_m128i(_mm_set1_epi16(second), _mm_set1_epi16(first));
}

/// Lane `lane` of each half, everywhere in that half.
inline __m256i repeat(__m256i v, int lane) noexcept {
  return _mm256_shuffle_epi8(v, _mm256_set1_epi16(static_cast<std::int16_t>(lane * 0x202 + 0x100)));
}

/// Lanes of steps at or past `steps` cleared; the first lane is step `first`.
inline __m256i valid_lanes(__m256i v, int first, int steps) noexcept {
  const __m128i index = _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7);
  const __m128i mask = _mm_cmpgt_epi16(_mm_set1_epi16(static_cast<std::int16_t>(steps - first)), index);
  return _mm256_and_si256(v, _mm256_set_m128i(mask, mask));
}

/// Two channels, c and d (which may be the same).
void filter_channels(const std::int16_t* taps, const Channels& affine, int c, int d, int steps, int stride,
                     std::int16_t* residual) noexcept {
  const Scale scale(affine.shift);
  std::int16_t* x = residual + c * stride;
  std::int16_t* y = residual + d * stride;
  const __m256i w = load_two(taps + c * 8, taps + d * 8);
  const __m256i w0 = repeat(w, 0), w1 = repeat(w, 1), w2 = repeat(w, 2), w3 = repeat(w, 3), w4 = repeat(w, 4);
  const std::int16_t* of_c = affine.constants + c * 4;
  const std::int16_t* of_d = affine.constants + d * 4;
  const __m256i bias = spread(of_c[1], of_d[1]);
  const __m256i slope = spread(of_c[2], of_d[2]);
  __m256i before = _mm256_setzero_si256();
  __m256i now = valid_lanes(load_two(x, y), 0, steps);
  for (int t = 0; t < steps; t += 8) {
    const bool last = t + 8 >= steps;
    const __m256i after =
        last ? _mm256_setzero_si256() : valid_lanes(load_two(x + t + 8, y + t + 8), t + 8, steps);
    __m256i sum = mul_q15(_mm256_alignr_epi8(now, before, 12), w0);
    sum = _mm256_adds_epi16(sum, mul_q15(_mm256_alignr_epi8(now, before, 14), w1));
    sum = _mm256_adds_epi16(sum, mul_q15(now, w2));
    sum = _mm256_adds_epi16(sum, mul_q15(_mm256_alignr_epi8(after, now, 2), w3));
    sum = _mm256_adds_epi16(sum, mul_q15(_mm256_alignr_epi8(after, now, 4), w4));
    const __m256i v = _mm256_adds_epi16(scale(sum), bias);
    const __m256i m = _mm256_adds_epi16(now, prelu(v, slope));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(x + t), _mm256_castsi256_si128(m));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + t), _mm256_extracti128_si256(m, 1));
    before = now;
    now = after;
  }
}

// ---- what follows the front-end's products ----

/// scale16 of int32 values, |v| < 2^30, eight at a time.
class WideScale {
 public:
  explicit WideScale(int shift) noexcept
      : left_(_mm_cvtsi32_si128(shift > 0 ? shift : 0)),
        right_(_mm_cvtsi32_si128(shift < 0 ? -shift : 0)),
        to_right_(shift < 0),
        rounding_(shift < 0 ? 1 << (-shift - 1) : 0) {}

  /// Lanes as they came, still 32 bits wide; the pack that follows saturates.
  __m256i operator()(__m256i v) const noexcept {
    if (to_right_) {
      return _mm256_sra_epi32(_mm256_add_epi32(v, _mm256_set1_epi32(rounding_)), right_);
    }
    v = _mm256_min_epi32(_mm256_max_epi32(v, _mm256_set1_epi32(-bound)), _mm256_set1_epi32(bound));
    return _mm256_sll_epi32(v, left_);
  }

 private:
  __m128i left_, right_;
  static constexpr int bound = 32768;
  bool to_right_;
  int rounding_;
};

inline __m256i load256(const void* p) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

/// Sixteen channels from `n` on, of every position.
inline void activate_channels(const Activation& activation, const std::int32_t* acc, int n, int positions,
                              std::int16_t* out) noexcept {
  const int channels = activation.channels;
  const WideScale scale(activation.shift);
  const __m256i mult = load256(activation.mult + n);
  const __m256i bias = load256(activation.bias + n);
  const __m256i slope = load256(activation.slope + n);
  for (int i = 0; i < positions; ++i) {
    const std::int32_t* in = acc + i * channels + n;
    const __m256i u =
        _mm256_permute4x64_epi64(_mm256_packs_epi32(scale(load256(in)), scale(load256(in + 8))), 0xd8);
    const __m256i v = prelu(_mm256_adds_epi16(mul_q15(u, mult), bias), slope);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i * channels + n), v);
  }
}

/// Any number of channels below sixteen from `n` on, through copies.
void activate_rest(const Activation& activation, const std::int32_t* acc, int n, int positions,
                   std::int16_t* out) noexcept {
  const int channels = activation.channels;
  const auto count = static_cast<std::size_t>(channels - n);
  std::int16_t constants[3][16] = {};
  const std::int16_t* from[3] = {activation.mult, activation.bias, activation.slope};
  for (int i = 0; i < 3; ++i) {
    std::memcpy(constants[i], from[i] + n, count * sizeof(std::int16_t));
  }
  const Activation rest{constants[0], constants[1], constants[2], 16, activation.shift};
  for (int i = 0; i < positions; ++i) {
    std::int32_t in[16] = {};
    std::int16_t values[16];
    std::memcpy(in, acc + i * channels + n, count * sizeof(std::int32_t));
    activate_channels(rest, in, 0, 1, values);
    std::memcpy(out + i * channels + n, values, count * sizeof(std::int16_t));
  }
}

/// clamp to [-127, 127], as bytes.
inline __m128i to_bytes(__m128i low, __m128i high) noexcept {
  return _mm_max_epi8(_mm_packs_epi16(low, high), _mm_set1_epi8(-127));
}

}  // namespace

namespace avx2 {

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

void memory(const std::int16_t* taps, const Channels& affine, int channels, int steps, int stride,
            std::int16_t* residual) noexcept {
  for (int c = 0; c < channels; c += 2) {
    filter_channels(taps, affine, c, c + 1 < channels ? c + 1 : c, steps, stride, residual);
  }
}

void signs(const std::int16_t* residual, const std::int16_t* at_least, int at_least_stride, int channels,
           int steps, int stride, std::uint8_t* bits, int row_bytes) noexcept {
  for (int first = 0; first < channels; first += 16) {
    const int last = (first + 16 < channels ? first + 16 : channels) - 1;
    for (int t = 0; t < steps; t += 8) {
      // Even channels collect in the low half, odd ones in the high half; the last comes first.
      __m256i packed = _mm256_setzero_si256();
      for (int c = last - last % 2; c >= first; c -= 2) {
        const int d = c < last ? c + 1 : c;
        const __m256i limit = spread(at_least[c * at_least_stride], at_least[d * at_least_stride]);
        const __m256i below =
            _mm256_cmpgt_epi16(limit, load_two(residual + c * stride + t, residual + d * stride + t));
        packed = _mm256_add_epi16(_mm256_slli_epi16(packed, 2),
                                  _mm256_add_epi16(below, _mm256_set1_epi16(1)));  // 1 = not below
      }
      __m128i odd = _mm_slli_epi16(_mm256_extracti128_si256(packed, 1), 1);
      if (last % 2 == 0) {  // the odd channel past the last does not exist
        odd = _mm_and_si128(odd, _mm_set1_epi16(static_cast<std::int16_t>((1 << (last - first)) - 1)));
      }
      std::uint16_t words[8];
      _mm_storeu_si128(reinterpret_cast<__m128i*>(words), _mm_or_si128(_mm256_castsi256_si128(packed), odd));
      for (int i = 0; i < 8 && t + i < steps; ++i) {
        std::memcpy(bits + (t + i) * row_bytes + first / 8, &words[i], sizeof words[i]);
      }
    }
  }
}

void activate(const Activation& activation, const std::int32_t* acc, int positions,
              std::int16_t* out) noexcept {
  const int channels = activation.channels;
  int n = 0;
  for (; n + 16 <= channels; n += 16) {
    activate_channels(activation, acc, n, positions, out);
  }
  if (n < channels) {
    activate_rest(activation, acc, n, positions, out);
  }
}

void narrow(const std::int16_t* values, int count, int shift, std::int8_t* out) noexcept {
  const Scale scale(-shift);
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     to_bytes(scale(load(values + i)), scale(load(values + i + 8))));
  }
  if (i < count) {
    std::int16_t last[16] = {};
    std::int8_t bytes[16];
    std::memcpy(last, values + i, static_cast<std::size_t>(count - i) * sizeof last[0]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), to_bytes(scale(load(last)), scale(load(last + 8))));
    std::memcpy(out + i, bytes, static_cast<std::size_t>(count - i));
  }
}

void quantize(const std::int16_t* residual, const Channels& affine, int channels, int steps, int stride,
              std::int8_t* flat) noexcept {
  const Scale scale(affine.shift);
  for (int c = 0; c < channels; ++c) {
    const __m128i mult = _mm_set1_epi16(affine.constants[c * 4]);
    const __m128i bias = _mm_set1_epi16(affine.constants[c * 4 + 1]);
    for (int t = 0; t < steps; t += 8) {
      const __m128i v = _mm_adds_epi16(mul_q15(scale(load(residual + c * stride + t)), mult), bias);
      std::int8_t* out = flat + c * steps + t;
      if (t + 8 <= steps) {
        _mm_storel_epi64(reinterpret_cast<__m128i*>(out), to_bytes(v, v));
      } else {
        std::int8_t bytes[8];
        _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), to_bytes(v, v));
        std::memcpy(out, bytes, static_cast<std::size_t>(steps - t));
      }
    }
  }
}

void memory_rows(const RowConstants& filter, const std::int16_t* const* in, int steps,
                 std::int16_t* const* out, std::uint8_t* bits, int row_bytes) noexcept {
  const Scale scale(filter.shift);
  for (int c = 0; c < filter.channels; c += 16) {
    const std::int16_t* constants = filter.constants + c * 8;
    __m256i of[8];  // taps, bias, slope, sign_at_least of sixteen channels
    for (int k = 0; k < 8; ++k) {
      of[k] = load_two(constants + k * 8, constants + 64 + k * 8);
    }
    for (int i = 0; i < steps; ++i) {
      __m256i sum = mul_q15(load256(in[i] + c), of[0]);
      for (int k = 1; k < 5; ++k) {
        sum = _mm256_adds_epi16(sum, mul_q15(load256(in[i + k] + c), of[k]));
      }
      const __m256i v = _mm256_adds_epi16(scale(sum), of[5]);
      const __m256i m = _mm256_adds_epi16(load256(in[i + 4 - filter.ahead] + c), prelu(v, of[6]));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[i] + c), m);
      const __m256i below = _mm256_cmpgt_epi16(of[7], m);
      const auto set = static_cast<std::uint16_t>(~_mm_movemask_epi8(
          _mm_packs_epi16(_mm256_castsi256_si128(below), _mm256_extracti128_si256(below, 1))));
      std::memcpy(bits + i * row_bytes + c / 8, &set, sizeof set);
    }
  }
}

void project_rows(const BitLayer& layer, const RowConstants& affine, const BitRows& a,
                  std::int16_t* const* rows) noexcept {
  project_rows_with<Counter>(layer, affine, a, rows);
}

void quantize_row(const RowConstants& affine, const std::int16_t* row, std::int8_t* out) noexcept {
  const Scale scale(affine.shift);
  for (int c = 0; c < affine.channels; c += 8) {
    const std::int16_t* constants = affine.constants + c * 3;
    const __m128i v = _mm_adds_epi16(mul_q15(scale(load(row + c)), load(constants)), load(constants + 8));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + c), to_bytes(v, v));
  }
}

}  // namespace avx2
}  // namespace kwsd::x86
