// The code after the products in sets that compute tiles of 4 steps and 16 outputs: those that represent
// published kernels (fbck.cpp, dabnn.cpp, bolt.cpp), which differ in the product alone. A Product has
//   template <class Sink> static void for_each_tile(const BitLayer&, BitRows, Sink)
// and calls sink(first step, valid steps, first output, Dots) for each tile.
#pragma once

#include <algorithm>

#include "neon/common/rows.h"
#include "neon/common/vec.h"

namespace kwsd::neon::tiles {

constexpr int tile_steps = 4;
constexpr int tile_outputs = 16;

/// The dots of one tile: [step][outputs n..n+7, n+8..n+15]; steps past the valid ones hold anything.
struct Dots {
  int16x8_t of[tile_steps][2];
};

/// dot = K - 2 * popcount.
inline int16x8_t dot_of(uint16x8_t differing_bits, int inputs) noexcept {
  return vreinterpretq_s16_u16(
      vsubq_u16(vdupq_n_u16(static_cast<std::uint16_t>(inputs)), vshlq_n_u16(differing_bits, 1)));
}

/// Thresholds stay int16, padded to whole tiles with "never".
inline Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int /*inputs*/) {
  return prepare_padded_thresholds(at_least, tile_outputs);
}

template <class Product>
void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept {
  Product::for_each_tile(layer, a, [dot, outputs = layer.outputs](int t, int valid, int n, const Dots& dots) {
    if (valid == tile_steps && n + tile_outputs <= outputs) {
      std::int16_t* out = dot + t * outputs + n;
      for (int i = 0; i < tile_steps; ++i, out += outputs) {
        vst1q_s16(out, dots.of[i][0]);
        vst1q_s16(out + 8, dots.of[i][1]);
      }
      return;
    }
    for (int i = 0; i < valid; ++i) {
      std::int16_t* out = dot + (t + i) * outputs + n;
      if (n + tile_outputs <= outputs) {
        vst1q_s16(out, dots.of[i][0]);
        vst1q_s16(out + 8, dots.of[i][1]);
      } else {
        std::int16_t lanes[tile_outputs];
        vst1q_s16(lanes, dots.of[i][0]);
        vst1q_s16(lanes + 8, dots.of[i][1]);
        for (int j = 0; n + j < outputs; ++j) {
          out[j] = lanes[j];
        }
      }
    }
  });
}

template <class Product>
void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept {
  constexpr std::uint8_t lane_bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const int row_words = BitMatrix::row_words_for(layer.outputs);
  const uint8x16_t bit = vld1q_u8(lane_bit);
  const auto* limits = prepared_as<std::int16_t>(thresholds);
  std::fill_n(out, a.count * row_words, 0U);
  Product::for_each_tile(layer, a, [=](int t, int valid, int n, const Dots& dots) {
    const int16x8_t low = vld1q_s16(limits + n);
    const int16x8_t high = vld1q_s16(limits + n + 8);
    for (int i = 0; i < valid; ++i) {
      const uint8x16_t set = vandq_u8(bit, vcombine_u8(vmovn_u16(vcgeq_s16(dots.of[i][0], low)),
                                                       vmovn_u16(vcgeq_s16(dots.of[i][1], high))));
      const std::uint8_t bytes[2] = {vaddv_u8(vget_low_u8(set)), vaddv_u8(vget_high_u8(set))};
      std::memcpy(reinterpret_cast<char*>(out + (t + i) * row_words) + n / 8, bytes, 2);
    }
  });
}

/// BN, PReLU and shortcut of 8 outputs and 4 steps; x is the residual stream at (output, step).
inline void add_tile(const Dots& dots, int half, int16x8_t shift, const ChannelAffine* channels, int outputs,
                     int stride, std::int16_t* x) noexcept {
  const int16x8x4_t c = vld4q_s16(&channels->mult);  // mult, bias, slope, sign_at_least
  int16x8x4_t p;
  for (int i = 0; i < tile_steps; ++i) {
    const int16x8_t u = vqshlq_s16(dots.of[i][half], shift);
    const int16x8_t v = vqaddq_s16(vqrdmulhq_s16(u, c.val[0]), c.val[1]);
    p.val[i] = vbslq_s16(vcltzq_s16(v), vqrdmulhq_s16(v, c.val[2]), v);
  }
  std::int16_t rows[8][tile_steps];
  vst4q_s16(&rows[0][0], p);
  for (int n = 0; n < outputs; ++n) {
    vst1_s16(x + n * stride, vqadd_s16(vld1_s16(x + n * stride), vld1_s16(rows[n])));
  }
}

template <class Product>
void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept {
  const int outputs = layer.outputs;
  const int stride = residual_stride(a.count);
  const int16x8_t shift = vdupq_n_s16(affine.shift);
  const ChannelAffine* channels = affine.channels.data();
  Product::for_each_tile(layer, a, [=](int t, int /*valid*/, int n, const Dots& dots) {
    for (int half = 0; half < 2; ++half) {
      const int first = n + 8 * half;
      const int count = std::min(8, outputs - first);
      if (count == 8) {
        add_tile(dots, half, shift, channels + first, count, stride, residual + first * stride + t);
      } else if (count > 0) {
        ChannelAffine last[8] = {};
        for (int j = 0; j < count; ++j) {
          last[j] = channels[first + j];
        }
        add_tile(dots, half, shift, last, count, stride, residual + first * stride + t);
      }
    }
  });
}

template <class Product>
void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept {
  const int16x8_t shift = vdupq_n_s16(static_cast<std::int16_t>(affine.shift));
  const std::int16_t* constants = affine.constants.data();
  Product::for_each_tile(layer, a, [=](int t, int valid, int n, const Dots& dots) {
    for (int i = 0; i < valid; ++i) {
      add_to_row(dots.of[i][0], shift, constants + n * 3, rows[t + i] + n);
      add_to_row(dots.of[i][1], shift, constants + (n + row_group) * 3, rows[t + i] + n + row_group);
    }
  });
}

}  // namespace kwsd::neon::tiles
