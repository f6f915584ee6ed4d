// int8 products with SDOT: compiled for CPU features that not every machine has, so this file must not
// instantiate anything that another file could share (templates of the standard library, inline members);
// a76.cpp unpacks the vectors.
//
// Lane = output. A register holds four inputs of four outputs; SDOT by element multiplies it with four of the
// sixteen activations of another:
//
//   eight rows    2 registers of weights (8 outputs) against 8 rows: 16 accumulators
//   one row       8 registers of weights (32 outputs): 8 accumulators, for cores that start two SDOT a cycle
#include "neon/a76/dots.h"

#include <arm_neon.h>

namespace kwsd::a76 {
namespace {

/// Groups x 8 outputs of Rows rows.
template <int Rows, int Groups>
struct Tile {
  static constexpr int registers = 2 * Groups;

  /// Four inputs, the `Lane`-th of the four in each register of a.
  template <int Lane>
  void quad(const std::int8_t* w, int group_bytes, const int8x16_t* a) noexcept {
    for (int g = 0; g < Groups; ++g) {
      const int8x16_t low = vld1q_s8(w + g * group_bytes), high = vld1q_s8(w + g * group_bytes + 16);
      for (int r = 0; r < Rows; ++r) {
        acc[r][2 * g] = vdotq_laneq_s32(acc[r][2 * g], low, a[r], Lane);
        acc[r][2 * g + 1] = vdotq_laneq_s32(acc[r][2 * g + 1], high, a[r], Lane);
      }
    }
  }

  Tile(const std::int8_t* w, int quads, const std::int8_t* a, int stride) noexcept {
    constexpr int bytes = 32;  // of a quad of a group
    const int group_bytes = quads * bytes;
    for (auto& row : acc) {
      for (int32x4_t& sums : row) {
        sums = vdupq_n_s32(0);
      }
    }
    int8x16_t values[unsigned{Rows}];
    int left = quads;
    for (; left >= 4; left -= 4, w += 4 * bytes, a += 16) {
      load(a, stride, values);
      quad<0>(w, group_bytes, values);
      quad<1>(w + bytes, group_bytes, values);
      quad<2>(w + 2 * bytes, group_bytes, values);
      quad<3>(w + 3 * bytes, group_bytes, values);
    }
    if (left > 0) {
      load(a, stride, values);
      quad<0>(w, group_bytes, values);
    }
    if (left > 1) {
      quad<1>(w + bytes, group_bytes, values);
    }
    if (left > 2) {
      quad<2>(w + 2 * bytes, group_bytes, values);
    }
  }

  static void load(const std::int8_t* a, int stride, int8x16_t* values) noexcept {
    for (int r = 0; r < Rows; ++r) {
      values[r] = vld1q_s8(a + r * stride);
    }
  }

  /// The first `count` outputs.
  void store(std::int32_t* out, int outputs, int count) const noexcept {
    for (int r = 0; r < Rows; ++r, out += outputs) {
      for (int i = 0; i < registers; ++i) {
        if (count >= 4 * i + 4) {
          vst1q_s32(out + 4 * i, acc[r][i]);
          continue;
        }
        std::int32_t lanes[4];
        vst1q_s32(lanes, acc[r][i]);
        for (int n = 4 * i; n < count; ++n) {
          out[n] = lanes[n - 4 * i];
        }
      }
    }
  }

  int32x4_t acc[unsigned{Rows}][unsigned{registers}];
};

template <int Rows, int Groups>
void rows_of(const Weights& weights, const std::int8_t* a, int stride, std::int32_t* acc) noexcept {
  const int quads = (weights.inputs + 3) / 4;
  int n = 0;
  for (; n + (Groups - 1) * group < weights.outputs; n += Groups * group) {
    const Tile<Rows, Groups> tile(weights.values + n * 4 * quads, quads, a, stride);
    tile.store(acc + n, weights.outputs, weights.outputs - n);
  }
  for (; n < weights.outputs; n += group) {
    const Tile<Rows, 1> tile(weights.values + n * 4 * quads, quads, a, stride);
    tile.store(acc + n, weights.outputs, weights.outputs - n);
  }
}

}  // namespace

void dots(const Weights& weights, const std::int8_t* a, int stride, int rows, std::int32_t* acc) noexcept {
  int r = 0;
  for (; r + 8 <= rows; r += 8) {
    rows_of<8, 1>(weights, a + r * stride, stride, acc + r * weights.outputs);
  }
  for (; r + 4 <= rows; r += 4) {
    rows_of<4, 2>(weights, a + r * stride, stride, acc + r * weights.outputs);
  }
  for (; r < rows; ++r) {
    rows_of<1, 4>(weights, a + r * stride, stride, acc + r * weights.outputs);
  }
}

}  // namespace kwsd::a76
