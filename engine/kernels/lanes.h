// fixed_point.h in 32-bit lanes without branches: the same results, in a form that compilers vectorise.
// Thread: any, pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kwsd::lanes {

constexpr std::int32_t clamp16(std::int32_t v) noexcept {
  return std::min(std::max(v, -32768), 32767);
}

/// scale16 by one shift for all lanes: |v| < 2^30.
struct Scale {
  explicit constexpr Scale(int shift) noexcept
      : bound(shift > 0 ? 32768 : (1 << 30) - 1),
        left(std::max(shift, 0)),
        right(std::max(-shift, 0)),
        rounding(shift < 0 ? 1 << (-shift - 1) : 0) {}

  constexpr std::int32_t operator()(std::int32_t v) const noexcept {
    // Before a left shift, values that would saturate anyway are limited so that they cannot overflow.
    v = std::min(std::max(v, -bound), bound);
    return clamp16(((v << left) + rounding) >> right);
  }

  std::int32_t bound;
  std::int32_t left, right, rounding;
};

/// mul_q15 of two int16 values.
constexpr std::int32_t mul_q15(std::int32_t a, std::int32_t b) noexcept {
  return std::min((a * b + (1 << 14)) >> 15, 32767);
}

/// BN, then PReLU, of a scaled accumulator (model.h, ChannelAffine).
constexpr std::int32_t activate(std::int32_t u, std::int32_t mult, std::int32_t bias,
                                std::int32_t slope) noexcept {
  const std::int32_t v = clamp16(mul_q15(u, mult) + bias);
  const std::int32_t below = mul_q15(v, slope);
  return v >= 0 ? v : below;
}

}  // namespace kwsd::lanes
