// Rows of the residual stream, one step each, channels fastest: the kernels of streaming nets in plain C++.
// Thread: prepare_* at set-up; the rest on the inference thread, allocation-free.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/kernels/bit_rows.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/lanes.h"

namespace kwsd::plain_rows {

/// int16 lanes of a row.
constexpr int row_lanes(int channels) {
  return (channels + 31) / 32 * 32;
}

struct RowFilter {
  int channels = 0, ahead = 0;
  lanes::Scale scale{0};
  AlignedVector<std::int16_t> w16[memory_taps], bias, slope, sign_at_least;  // [row_lanes] each
};

inline RowFilter prepare_row_filter(std::span<const std::int8_t> memory, const Affine& affine, int ahead) {
  RowFilter f;
  f.channels = static_cast<int>(affine.channels.size());
  f.ahead = ahead;
  f.scale = lanes::Scale(affine.shift);
  const auto lanes = static_cast<std::size_t>(row_lanes(f.channels));
  for (auto& taps : f.w16) {
    taps.resize(lanes);
  }
  f.bias.resize(lanes);
  f.slope.resize(lanes);
  f.sign_at_least.resize(lanes);
  for (std::size_t c = 0; c < affine.channels.size(); ++c) {
    const ChannelAffine& channel = affine.channels[c];
    for (std::size_t k = 0; k < memory_taps; ++k) {
      const int w = (memory[c * memory_taps + k] * channel.mult + 64) >> 7;
      f.w16[k][c] = static_cast<std::int16_t>(lanes::clamp16(w));
    }
    f.bias[c] = channel.bias;
    f.slope[c] = channel.slope;
    f.sign_at_least[c] = channel.sign_at_least;
  }
  return f;
}

/// out[i] = the block's memory filter and shortcut on in[i] .. in[i + 4]; bits: the signs of out.
inline void memory_rows(const RowFilter& f, const std::int16_t* const* in, int steps,
                        std::int16_t* const* out, std::uint64_t* bits) noexcept {
  const int words = BitMatrix::row_words_for(f.channels);
  for (int i = 0; i < steps; ++i, bits += words) {
    std::fill_n(bits, words, 0U);
    for (int c = 0; c < f.channels; ++c) {
      const auto lane = static_cast<std::size_t>(c);
      std::int32_t sum = lanes::mul_q15(in[i][c], f.w16[0][lane]);
      for (int k = 1; k < memory_taps; ++k) {
        sum = lanes::clamp16(sum + lanes::mul_q15(in[i + k][c], f.w16[k][lane]));
      }
      const std::int32_t v = lanes::clamp16(f.scale(sum) + f.bias[lane]);
      const std::int32_t p = v >= 0 ? v : lanes::mul_q15(v, f.slope[lane]);
      const std::int32_t m = lanes::clamp16(in[i + memory_taps - 1 - f.ahead][c] + p);
      out[i][c] = static_cast<std::int16_t>(m);
      if (m >= f.sign_at_least[lane]) {
        set_bit(bits, c);
      }
    }
  }
}

/// rows[i][n] += PReLU(BN(dots[i][n])). dots: [steps][channels].
inline void add_rows(const Affine& affine, const std::int16_t* dots, int steps,
                     std::int16_t* const* rows) noexcept {
  const lanes::Scale scale(affine.shift);
  for (int i = 0; i < steps; ++i) {
    std::int16_t* row = rows[i];
    for (const ChannelAffine& channel : affine.channels) {
      const std::int32_t p = lanes::activate(scale(*dots++), channel.mult, channel.bias, channel.slope);
      *row = static_cast<std::int16_t>(lanes::clamp16(*row + p));
      ++row;
    }
  }
}

/// q = the classifier's input of one step; [row_lanes].
inline void quantize_row(const Affine& affine, const std::int16_t* row, std::int8_t* q) noexcept {
  const lanes::Scale scale(affine.shift);
  for (const ChannelAffine& channel : affine.channels) {
    const std::int32_t v = lanes::clamp16(lanes::mul_q15(scale(*row++), channel.mult) + channel.bias);
    *q++ = static_cast<std::int8_t>(std::min(std::max(v, -127), 127));
  }
}

}  // namespace kwsd::plain_rows
