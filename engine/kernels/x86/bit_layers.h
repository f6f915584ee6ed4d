// The code after the popcounts of eight outputs, for any way of counting: shared by avx2.cpp and avx512.cpp,
// with internal linkage in each.
//
// Counter<Words> keeps the weights of eight outputs (Words words each, 0: any number, from memory) and
// counts:
//   explicit Counter(const std::uint64_t* weights, int words);
//   __m128i operator()(const std::uint64_t* a) const;                  popcount(a ^ w) of outputs 0..7,
//   uint16 std::uint8_t at_most(__m128i limits, const std::uint64_t* a) const;   bit i: popcount i <= limit i
#pragma once

#include <cstring>

#include "engine/kernels/x86/entries.h"
#include "engine/kernels/x86/int16x8.h"

namespace kwsd::x86 {
namespace {

constexpr int tile = 8;  // outputs

template <int Words>
struct WordCount {
  static constexpr int value = Words;
};

/// Runs f(first output, counter) for every eight outputs.
template <template <int> class Counter, int Words, class F>
inline void for_each_tile_of(const BitLayer& layer, F f) noexcept {
  const int words = (layer.inputs + 63) / 64;
  for (int n = 0; n < layer.outputs; n += tile) {
    f(n, Counter<Words>(layer.weights + n * words, words));
  }
}

template <template <int> class Counter, class F>
inline void for_each_tile(const BitLayer& layer, F f) noexcept {
  switch ((layer.inputs + 63) / 64) {
    case 1:
      return for_each_tile_of<Counter, 1>(layer, f);
    case 2:
      return for_each_tile_of<Counter, 2>(layer, f);
    case 4:
      return for_each_tile_of<Counter, 4>(layer, f);
    default:
      return for_each_tile_of<Counter, 0>(layer, f);
  }
}

/// K - 2 * popcount.
inline __m128i dot_of(__m128i differing, int inputs) noexcept {
  return _mm_sub_epi16(_mm_set1_epi16(static_cast<std::int16_t>(inputs)), _mm_slli_epi16(differing, 1));
}

inline __m128i load(const void* p) noexcept {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}

template <template <int> class Counter>
inline void bit_dots_with(const BitLayer& layer, const BitRows& a, std::int16_t* dot) noexcept {
  for_each_tile<Counter>(layer, [&](int n, const auto& count) {
    for (int t = 0; t < a.count; ++t) {
      const __m128i dots = dot_of(count(a.words + t * a.row_words), layer.inputs);
      std::int16_t* out = dot + t * layer.outputs + n;
      if (n + tile <= layer.outputs) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), dots);
      } else {
        std::int16_t last[tile];
        _mm_storeu_si128(reinterpret_cast<__m128i*>(last), dots);
        std::memcpy(out, last, static_cast<std::size_t>(layer.outputs - n) * sizeof(std::int16_t));
      }
    }
  });
}

template <template <int> class Counter>
inline void expand_with(const BitLayer& layer, const std::int16_t* limits, const BitRows& a,
                        std::uint8_t* out, int out_row_bytes) noexcept {
  for_each_tile<Counter>(layer, [&](int n, const auto& count) {
    const __m128i limit = load(limits + n);
    for (int t = 0; t < a.count; ++t) {
      out[t * out_row_bytes + n / tile] = count.at_most(limit, a.words + t * a.row_words);
    }
  });
}

/// mult, bias and slope of eight channels.
struct EightChannels {
  explicit EightChannels(const std::int16_t* constants) noexcept {
    const auto* p = reinterpret_cast<const __m128i*>(constants);
    __m128i pair[4];  // {mult, bias, slope, at_least} of channels 2i and 2i + 1
    for (int i = 0; i < 4; ++i) {
      pair[i] = _mm_loadu_si128(p + i);
    }
    const __m128i a = _mm_unpacklo_epi16(pair[0], pair[2]), b = _mm_unpackhi_epi16(pair[0], pair[2]);
    const __m128i c = _mm_unpacklo_epi16(pair[1], pair[3]), d = _mm_unpackhi_epi16(pair[1], pair[3]);
    // a: channels 0 and 4, b: 1 and 5, c: 2 and 6, d: 3 and 7
    const __m128i ac = _mm_unpacklo_epi16(a, c), bd = _mm_unpacklo_epi16(b, d);
    mult = _mm_unpacklo_epi16(ac, bd);
    bias = _mm_unpackhi_epi16(ac, bd);
    slope = _mm_unpacklo_epi16(_mm_unpackhi_epi16(a, c), _mm_unpackhi_epi16(b, d));
  }
  __m128i mult, bias, slope;
};

/// BN and PReLU of eight channels, twice (for two steps).
struct EightAffine {
  explicit EightAffine(const EightChannels& channel) noexcept
      : mult(_mm256_set_m128i(channel.mult, channel.mult)),
        bias(_mm256_set_m128i(channel.bias, channel.bias)),
        slope(_mm256_set_m128i(channel.slope, channel.slope)) {}
  __m256i operator()(__m256i u) const noexcept {
    return prelu(_mm256_adds_epi16(mul_q15(u, mult), bias), slope);
  }
  __m256i mult, bias, slope;
};

template <template <int> class Counter>
inline void project_with(const BitLayer& layer, const Channels& channels, const BitRows& a,
                         std::int16_t* residual, int stride) noexcept {
  const Scale scale(channels.shift);
  const bool saturates = (layer.inputs << channels.shift) > INT16_MAX;
  const __m256i inputs = _mm256_set1_epi16(static_cast<std::int16_t>(layer.inputs));
  const __m128i shift = _mm_cvtsi32_si128(channels.shift);
  for_each_tile<Counter>(layer, [&](int n, const auto& count) {
    std::int16_t last[tile * 4] = {};
    if (n + tile > layer.outputs) {
      std::memcpy(last, channels.constants + n * 4, static_cast<std::size_t>(layer.outputs - n) * 8);
    }
    const EightAffine affine(EightChannels(n + tile > layer.outputs ? last : channels.constants + n * 4));
    for (int first = 0; first < a.count; first += 8) {
      __m128i p[8];  // [step] of eight outputs, then [output] of eight steps
      for (int t = 0; t < 8; t += 2) {
        if (first + t >= a.count) {
          p[t] = p[t + 1] = _mm_setzero_si128();
          continue;
        }
        const std::uint64_t* row = a.words + (first + t) * a.row_words;
        const __m128i next = first + t + 1 < a.count ? count(row + a.row_words) : _mm_setzero_si128();
        const __m256i differing = _mm256_set_m128i(next, count(row));
        const __m256i dot = _mm256_sub_epi16(inputs, _mm256_slli_epi16(differing, 1));
        const __m256i v = affine(saturates ? scale(dot) : _mm256_sll_epi16(dot, shift));
        p[t] = _mm256_castsi256_si128(v);
        p[t + 1] = _mm256_extracti128_si256(v, 1);
      }
      transpose(p);
      for (int i = 0; i < tile && n + i < layer.outputs; ++i) {
        auto* x = reinterpret_cast<__m128i*>(residual + (n + i) * stride + first);
        _mm_storeu_si128(x, _mm_adds_epi16(_mm_loadu_si128(x), p[i]));
      }
    }
  });
}

template <template <int> class Counter>
inline void project_rows_with(const BitLayer& layer, const RowConstants& affine, const BitRows& a,
                              std::int16_t* const* rows) noexcept {
  const Scale scale(affine.shift);
  for_each_tile<Counter>(layer, [&](int n, const auto& count) {
    const std::int16_t* constants = affine.constants + n * 3;
    const __m128i mult = load(constants), bias = load(constants + tile), slope = load(constants + 2 * tile);
    for (int t = 0; t < a.count; ++t) {
      const __m128i u = mul_q15(scale(dot_of(count(a.words + t * a.row_words), layer.inputs)), mult);
      const __m128i v = _mm_adds_epi16(u, bias);
      auto* x = reinterpret_cast<__m128i*>(rows[t] + n);
      _mm_storeu_si128(x, _mm_adds_epi16(_mm_loadu_si128(x), _mm_max_epi16(v, mul_q15(v, slope))));
    }
  });
}

}  // namespace
}  // namespace kwsd::x86
