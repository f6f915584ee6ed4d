// The integer arithmetic that every kernel set and the trainer's exporter share.
//
// Each primitive is one NEON instruction (named in its comment), so that bit-identical results follow from
// the definitions and not from luck. Thread: any, pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kwsd {

/// Clamps to int16 (SQXTN).
constexpr std::int16_t saturate16(std::int64_t v) noexcept {
  return static_cast<std::int16_t>(std::clamp<std::int64_t>(v, INT16_MIN, INT16_MAX));
}

/// a + b, saturating (SQADD).
constexpr std::int16_t add16(std::int16_t a, std::int16_t b) noexcept {
  return saturate16(std::int64_t{a} + b);
}

/// a * b in Q15 with rounding to nearest, ties up: (2ab + 2^15) >> 16, saturating (SQRDMULH).
constexpr std::int16_t mul_q15(std::int16_t a, std::int16_t b) noexcept {
  return saturate16((2 * std::int64_t{a} * b + (1 << 15)) >> 16);
}

/// v * 2^shift for shift >= 0 (saturating, SQSHL); for shift < 0 v / 2^-shift rounded to nearest,
/// ties up (SRSHL), then saturated to int16. shift in [-31, 15].
constexpr std::int16_t scale16(std::int32_t v, int shift) noexcept {
  if (shift >= 0) {
    return saturate16(std::int64_t{v} * (std::int64_t{1} << shift));
  }
  return saturate16((std::int64_t{v} + (std::int64_t{1} << (-shift - 1))) >> -shift);
}

/// v for v >= 0, v * slope (Q15) otherwise.
constexpr std::int16_t prelu16(std::int16_t v, std::int16_t slope) noexcept {
  return v >= 0 ? v : mul_q15(v, slope);
}

}  // namespace kwsd
