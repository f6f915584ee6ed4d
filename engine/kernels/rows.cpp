#include "engine/kernels/rows.h"

#include "engine/kernels/fixed_point.h"

namespace kwsd {
namespace {

/// Where constant `index` of `count` of channel c lies.
std::size_t place(std::size_t c, std::size_t index, std::size_t count) noexcept {
  return (c / row_group * count + index) * row_group + c % row_group;
}

std::size_t lanes_of(const Affine& affine) noexcept {
  return static_cast<std::size_t>(row_lanes(static_cast<int>(affine.channels.size())));
}

}  // namespace

std::int16_t fold_tap(std::int8_t tap, std::int16_t mult) noexcept {
  return saturate16((tap * mult + 64) >> 7);
}

RowFilter prepare_row_filter(std::span<const std::int8_t> memory, const Affine& affine, int ahead) {
  constexpr std::size_t count = 8, bias = 5, slope = 6, sign = 7;
  RowFilter filter{static_cast<int>(affine.channels.size()), affine.shift, ahead, {}};
  filter.constants.resize(count * lanes_of(affine));
  for (std::size_t c = 0; c < lanes_of(affine); ++c) {
    const auto constant = [&](std::size_t index) -> std::int16_t& {
      return filter.constants[place(c, index, count)];
    };
    if (c >= affine.channels.size()) {  // x + max(-32768, -32767) is never 32767
      constant(bias) = INT16_MIN;
      constant(slope) = constant(sign) = INT16_MAX;
      continue;
    }
    const ChannelAffine& channel = affine.channels[c];
    for (std::size_t k = 0; k < row_filter_taps; ++k) {
      constant(k) = fold_tap(memory[c * row_filter_taps + k], channel.mult);
    }
    constant(bias) = channel.bias;
    constant(slope) = channel.slope;
    constant(sign) = channel.sign_at_least;
  }
  return filter;
}

RowAffine prepare_row_affine(const Affine& affine) {
  constexpr std::size_t count = 3;
  RowAffine rows{static_cast<int>(affine.channels.size()), affine.shift, {}};
  rows.constants.resize(count * lanes_of(affine));
  for (std::size_t c = 0; c < affine.channels.size(); ++c) {
    const ChannelAffine& channel = affine.channels[c];
    rows.constants[place(c, 0, count)] = channel.mult;
    rows.constants[place(c, 1, count)] = channel.bias;
    rows.constants[place(c, 2, count)] = channel.slope;
  }
  return rows;
}

}  // namespace kwsd
