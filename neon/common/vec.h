// The primitives of fixed_point.h on eight lanes, and the code of every NEON set after a product.
// Thread: any, pure.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "engine/kernels/prepared.h"

namespace kwsd::neon {

/// prelu16: v or v * slope, whichever is larger, for |slope| <= 1.
inline int16x8_t prelu(int16x8_t v, std::int16_t slope) noexcept {
  return vmaxq_s16(v, vqrdmulhq_n_s16(v, slope));
}

/// x = add16(x, prelu16(add16(mul_q15(scale16(dot, shift), mult), bias), slope)) on eight steps.
inline void add_to_residual(int16x8_t dot, int16x8_t shift, const ChannelAffine& channel,
                            std::int16_t* x) noexcept {
  const int16x8_t u = vqshlq_s16(dot, shift);
  const int16x8_t v = vqaddq_s16(vqrdmulhq_n_s16(u, channel.mult), vdupq_n_s16(channel.bias));
  vst1q_s16(x, vqaddq_s16(vld1q_s16(x), prelu(v, channel.slope)));
}

/// Rows of 128-bit registers that a row of `inputs` bits takes.
constexpr int quads_for(int inputs) noexcept {
  return (inputs + 127) / 128;
}

}  // namespace kwsd::neon
