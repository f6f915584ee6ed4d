// int8 products without SDOT: SMULL and SMLAL add `group` products in int16 lanes, SADALP widens the sum.
//
// A lane may hold group products when their |w| add up to at most 255: 255 * 128 < 2^15. prepare_int8 finds
// the largest group that the weights allow, so weights of 7 bits run faster than weights of 8:
//   group 1 (two -128 meet)  SMULL, SADALP each        group 4  6 cycles for 32 products
//   group 2                  4 cycles for 16 products  group 8  10 cycles for 64 products
#include <algorithm>
#include <cstdlib>

#include "neon/common/int16_layers.h"
#include "neon/common/vec.h"

namespace kwsd::neon {
namespace {

constexpr int round_up(int value, int multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}

/// The sum of |w| over the products that meet in one lane.
int lane_sum(const std::int8_t* row, int padded, int first, int lane, int group) noexcept {
  int sum = 0;
  for (int i = 0; i < group; ++i) {
    const int k = first + lane + 8 * i;
    sum += k < padded ? std::abs(static_cast<int>(row[k])) : 0;
  }
  return sum;
}

bool group_fits(const std::int8_t* weights, int outputs, int padded, int group) noexcept {
  for (int n = 0; n < outputs; ++n) {
    for (int k = 0; k < padded; k += 8 * group) {
      for (int lane = 0; lane < 8; ++lane) {
        if (lane_sum(weights + n * padded, padded, k, lane, group) > 255) {
          return false;
        }
      }
    }
  }
  return true;
}

/// `Group` products a lane of 8 * Group inputs, then one SADALP.
template <int Group>
inline int32x4_t accumulate(int32x4_t acc, const std::int8_t* w, const std::int8_t* a) noexcept {
  const int8x16_t w0 = vld1q_s8(w);
  const int8x16_t a0 = vld1q_s8(a);
  int16x8_t sum = vmull_s8(vget_low_s8(w0), vget_low_s8(a0));
  if constexpr (Group == 1) {
    acc = vpadalq_s16(acc, sum);
    return vpadalq_s16(acc, vmull_high_s8(w0, a0));
  }
  sum = vmlal_high_s8(sum, w0, a0);
  for (int i = 1; i < Group / 2; ++i) {
    const int8x16_t wi = vld1q_s8(w + 16 * i);
    const int8x16_t ai = vld1q_s8(a + 16 * i);
    sum = vmlal_s8(sum, vget_low_s8(wi), vget_low_s8(ai));
    sum = vmlal_high_s8(sum, wi, ai);
  }
  return vpadalq_s16(acc, sum);
}

/// Four outputs of Rows rows: [Rows][4] int32.
template <int Group, int Rows>
inline void tile(const std::int8_t* w, int padded, const std::int8_t* a, int a_stride,
                 int32x4_t* out) noexcept {
  constexpr int unit = std::max(Group, 2) * 8;
  int32x4_t acc[static_cast<std::size_t>(Rows)][4];
  for (auto& row : acc) {
    std::fill_n(row, 4, vdupq_n_s32(0));
  }
  int k = 0;
  for (; k + unit <= padded; k += unit) {
    for (int n = 0; n < 4; ++n) {
      for (int r = 0; r < Rows; ++r) {
        acc[r][n] = accumulate<Group>(acc[r][n], w + n * padded + k, a + r * a_stride + k);
      }
    }
  }
  for (; k < padded; k += 16) {
    for (int n = 0; n < 4; ++n) {
      for (int r = 0; r < Rows; ++r) {
        acc[r][n] = accumulate < Group == 1 ? 1 : 2 > (acc[r][n], w + n * padded + k, a + r * a_stride + k);
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    out[r] = vpaddq_s32(vpaddq_s32(acc[r][0], acc[r][1]), vpaddq_s32(acc[r][2], acc[r][3]));
  }
}

inline void store(int32x4_t values, int count, std::int32_t* out) noexcept {
  if (count >= 4) {
    vst1q_s32(out, values);
    return;
  }
  std::int32_t lanes[4];
  vst1q_s32(lanes, values);
  std::copy_n(lanes, count, out);
}

template <int Group, int Rows>
void rows_block(const std::int8_t* w, int outputs, int padded, const std::int8_t* a, int a_stride,
                std::int32_t* acc) noexcept {
  for (int n = 0; n < outputs; n += 4) {
    int32x4_t out[static_cast<std::size_t>(Rows)];
    tile<Group, Rows>(w + n * padded, padded, a, a_stride, out);
    for (int r = 0; r < Rows; ++r) {
      store(out[r], outputs - n, acc + r * outputs + n);
    }
  }
}

template <int Group>
void dots(const std::int8_t* w, int outputs, int padded, const std::int8_t* a, int a_stride, int rows,
          std::int32_t* acc) noexcept {
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    rows_block<Group, 4>(w, outputs, padded, a + r * a_stride, a_stride, acc + r * outputs);
  }
  for (; r < rows; ++r) {
    rows_block<Group, 1>(w, outputs, padded, a + r * a_stride, a_stride, acc + r * outputs);
  }
}

}  // namespace

Int8Layer prepare_int8(std::span<const std::int8_t> weights, int outputs, int inputs) {
  const int padded = round_up(inputs, 16);
  Prepared out(sizeof(Int8Header) + static_cast<std::size_t>(round_up(outputs, 4) * padded));
  auto* rows = reinterpret_cast<std::int8_t*>(out.data() + sizeof(Int8Header));
  for (int n = 0; n < outputs; ++n) {
    std::copy_n(weights.data() + n * inputs, inputs, rows + n * padded);
  }
  Int8Header header{1, {}};
  for (const int group : {2, 4, 8}) {
    header.group = group_fits(rows, outputs, padded, group) ? group : header.group;
  }
  std::memcpy(out.data(), &header, sizeof header);
  return {std::move(out), outputs, inputs};
}

void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept {
  const auto* w = prepared_as<std::int8_t>(layer.weights) + sizeof(Int8Header);
  const int padded = round_up(layer.inputs, 16);
  switch (prepared_as<Int8Header>(layer.weights)->group) {
    case 8:
      return dots<8>(w, layer.outputs, padded, a.values, a.stride, a.count, acc);
    case 4:
      return dots<4>(w, layer.outputs, padded, a.values, a.stride, a.count, acc);
    case 2:
      return dots<2>(w, layer.outputs, padded, a.values, a.stride, a.count, acc);
    default:
      return dots<1>(w, layer.outputs, padded, a.values, a.stride, a.count, acc);
  }
}

}  // namespace kwsd::neon
