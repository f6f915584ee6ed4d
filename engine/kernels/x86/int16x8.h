// The primitives of fixed_point.h on eight int16 lanes of SSE. Included by files that are compiled for AVX2
// and up: everything here has internal linkage. Thread: any, pure.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace kwsd::x86 {
namespace {

/// mul_q15: PMULHRSW, with its only wrong result (both factors -32768) corrected.
inline __m128i mul_q15(__m128i a, __m128i b) noexcept {
  const __m128i product = _mm_mulhrs_epi16(a, b);
  return _mm_xor_si128(product, _mm_cmpeq_epi16(product, _mm_set1_epi16(INT16_MIN)));
}

inline __m256i mul_q15(__m256i a, __m256i b) noexcept {
  const __m256i product = _mm256_mulhrs_epi16(a, b);
  return _mm256_xor_si256(product, _mm256_cmpeq_epi16(product, _mm256_set1_epi16(INT16_MIN)));
}

/// prelu16: v or v * slope, whichever is larger, for |slope| <= 1.
inline __m256i prelu(__m256i v, __m256i slope) noexcept {
  return _mm256_max_epi16(v, mul_q15(v, slope));
}

/// scale16 of int16 values, for any shift in [-31, 15]: a left shift beyond int16 saturates.
class Scale {
 public:
  explicit Scale(int shift) noexcept
      : left_(_mm_cvtsi32_si128(shift > 0 ? shift : 0)),
        right_(_mm_cvtsi32_si128(-shift)),
        half_(_mm_cvtsi32_si128(-shift - 1)),
        is_one_(shift == 0),
        to_right_(shift < 0),
        largest_(static_cast<std::int16_t>(INT16_MAX >> (shift > 0 ? shift : 0))),
        smallest_(static_cast<std::int16_t>(INT16_MIN >> (shift > 0 ? shift : 0))) {}

  __m128i operator()(__m128i v) const noexcept {
    if (to_right_) {  // floor, and the highest bit lost
      const __m128i up = _mm_and_si128(_mm_sra_epi16(v, half_), _mm_set1_epi16(1));
      return _mm_add_epi16(_mm_sra_epi16(v, right_), up);
    }
    const __m128i shifted = _mm_sll_epi16(_mm_max_epi16(v, _mm_set1_epi16(smallest_)), left_);
    return _mm_blendv_epi8(shifted, _mm_set1_epi16(INT16_MAX), _mm_cmpgt_epi16(v, _mm_set1_epi16(largest_)));
  }
  __m256i operator()(__m256i v) const noexcept {
    if (is_one_) {
      return v;
    }
    if (to_right_) {
      const __m256i up = _mm256_and_si256(_mm256_sra_epi16(v, half_), _mm256_set1_epi16(1));
      return _mm256_add_epi16(_mm256_sra_epi16(v, right_), up);
    }
    const __m256i shifted = _mm256_sll_epi16(_mm256_max_epi16(v, _mm256_set1_epi16(smallest_)), left_);
    return _mm256_blendv_epi8(shifted, _mm256_set1_epi16(INT16_MAX),
                              _mm256_cmpgt_epi16(v, _mm256_set1_epi16(largest_)));
  }

 private:
  __m128i left_, right_, half_;
  bool is_one_, to_right_;
  std::int16_t largest_, smallest_;
};

/// rows[i] lane j -> rows[j] lane i.
inline void transpose(__m128i (&rows)[8]) noexcept {
  __m128i pairs[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm_unpacklo_epi16(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm_unpackhi_epi16(rows[i], rows[i + 1]);
  }
  __m128i quads[8];
  for (int i = 0; i < 8; i += 4) {
    quads[i] = _mm_unpacklo_epi32(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm_unpackhi_epi32(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm_unpacklo_epi32(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm_unpackhi_epi32(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    rows[2 * i] = _mm_unpacklo_epi64(quads[i], quads[i + 4]);
    rows[2 * i + 1] = _mm_unpackhi_epi64(quads[i], quads[i + 4]);
  }
}

}  // namespace
}  // namespace kwsd::x86
