// The new steps of a stream: lanes are channels. Contracts: engine/kernels/kernels.h.
#include <algorithm>

#include "neon/common/rows.h"
#include "neon/common/vec.h"

namespace kwsd::neon {
namespace {

/// Eight channels of Steps steps; set[i] is all ones in the lanes that reach their threshold.
template <int Steps>
inline void filter_group(const std::int16_t* constants, int16x8_t shift, int center,
                         const std::int16_t* const* in, int c, std::int16_t* const* out,
                         uint16x8_t* set) noexcept {
  constexpr std::size_t rows = Steps + 4;
  int16x8_t x[rows];
  for (std::size_t i = 0; i < rows; ++i) {
    x[i] = vld1q_s16(in[i] + c);
  }
  int16x8_t sum[static_cast<std::size_t>(Steps)];
  const int16x8_t first = vld1q_s16(constants);
  for (int i = 0; i < Steps; ++i) {
    sum[i] = vqrdmulhq_s16(x[i], first);
  }
  for (int k = 1; k < row_filter_taps; ++k) {
    const int16x8_t tap = vld1q_s16(constants + k * row_group);
    for (int i = 0; i < Steps; ++i) {
      sum[i] = vqaddq_s16(sum[i], vqrdmulhq_s16(x[i + k], tap));
    }
  }
  const int16x8_t bias = vld1q_s16(constants + 5 * row_group), slope = vld1q_s16(constants + 6 * row_group);
  const int16x8_t at_least = vld1q_s16(constants + 7 * row_group);
  for (int i = 0; i < Steps; ++i) {
    const int16x8_t v = vqaddq_s16(vqshlq_s16(sum[i], shift), bias);
    const int16x8_t now = center == 4 ? x[i + 4] : vld1q_s16(in[i + center] + c);
    const int16x8_t m = vqaddq_s16(now, vmaxq_s16(v, vqrdmulhq_s16(v, slope)));
    vst1q_s16(out[i] + c, m);
    set[i] = vcgeq_s16(m, at_least);
  }
}

template <int Steps>
void memory_steps(const RowFilter& filter, const std::int16_t* const* in, std::int16_t* const* out,
                  std::uint8_t* bits, std::ptrdiff_t row_bytes) noexcept {
  constexpr std::size_t steps = Steps;
  constexpr std::uint8_t lane_bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t bit = vld1q_u8(lane_bit);
  const int16x8_t shift = vdupq_n_s16(static_cast<std::int16_t>(filter.shift));
  const int center = 4 - filter.ahead;
  for (int c = 0; c < filter.channels; c += 16) {
    const std::int16_t* constants = filter.constants.data() + c * 8;
    uint16x8_t low[steps], high[steps];
    filter_group<Steps>(constants, shift, center, in, c, out, low);
    filter_group<Steps>(constants + 8 * row_group, shift, center, in, c + 8, out, high);
    for (int i = 0; i < Steps; ++i) {
      uint8x16_t packed =
          vandq_u8(vuzp1q_u8(vreinterpretq_u8_u16(low[i]), vreinterpretq_u8_u16(high[i])), bit);
      packed = vpaddq_u8(packed, packed);
      packed = vpaddq_u8(packed, packed);
      packed = vpaddq_u8(packed, packed);
      vst1q_lane_u16(reinterpret_cast<std::uint16_t*>(bits + i * row_bytes + c / 8),
                     vreinterpretq_u16_u8(packed), 0);
    }
  }
}

}  // namespace

void memory_rows(const RowFilter& filter, const std::int16_t* const* in, int steps, std::int16_t* const* out,
                 std::uint64_t* bits) noexcept {
  const int row_words = BitMatrix::row_words_for(filter.channels);
  const std::ptrdiff_t row_bytes = row_words * std::ptrdiff_t{8};
  if (filter.channels % 128 != 0) {
    std::fill_n(bits, steps * row_words, 0U);
  }
  for (int t = 0; t < steps; t += 4) {
    auto* row = reinterpret_cast<std::uint8_t*>(bits + t * row_words);
    switch (steps - t) {
      case 1:
        memory_steps<1>(filter, in + t, out + t, row, row_bytes);
        break;
      case 2:
        memory_steps<2>(filter, in + t, out + t, row, row_bytes);
        break;
      case 3:
        memory_steps<3>(filter, in + t, out + t, row, row_bytes);
        break;
      default:
        memory_steps<4>(filter, in + t, out + t, row, row_bytes);
    }
  }
}

void quantize_row(const RowAffine& affine, const std::int16_t* row, std::int8_t* out) noexcept {
  const int16x8_t shift = vdupq_n_s16(static_cast<std::int16_t>(affine.shift));
  const std::int16_t* constants = affine.constants.data();
  const int8x8_t least = vdup_n_s8(-127);
  for (int c = 0; c < affine.channels; c += row_group, constants += 3 * row_group) {
    const int16x8_t u = vqrdmulhq_s16(vqrshlq_s16(vld1q_s16(row + c), shift), vld1q_s16(constants));
    const int16x8_t v = vqaddq_s16(u, vld1q_s16(constants + row_group));
    vst1_s8(out + c, vmax_s8(vqmovn_s16(v), least));
  }
}

}  // namespace kwsd::neon
