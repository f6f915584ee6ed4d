// The new steps of a stream in plain intrinsics. Contracts: engine/kernels/kernels.h.
#pragma once

#include "engine/kernels/kernels.h"
#include "neon/common/vec.h"

namespace kwsd::neon {

void memory_rows(const RowFilter& filter, const std::int16_t* const* in, int steps, std::int16_t* const* out,
                 std::uint64_t* bits) noexcept;
void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept;
void quantize_row(const RowAffine& affine, const std::int16_t* row, std::int8_t* out) noexcept;

/// x = add16(x, prelu16(add16(mul_q15(scale16(dot, shift), mult), bias), slope)) of eight channels;
/// constants: theirs (RowAffine).
inline void add_to_row(int16x8_t dot, int16x8_t shift, const std::int16_t* constants,
                       std::int16_t* x) noexcept {
  const int16x8_t u = vqrdmulhq_s16(vqshlq_s16(dot, shift), vld1q_s16(constants));
  const int16x8_t v = vqaddq_s16(u, vld1q_s16(constants + row_group));
  const int16x8_t p = vmaxq_s16(v, vqrdmulhq_s16(v, vld1q_s16(constants + 2 * row_group)));
  vst1q_s16(x, vqaddq_s16(vld1q_s16(x), p));
}

}  // namespace kwsd::neon
