#include "engine/nn/epilogue.h"

#include <algorithm>
#include <cstring>

#include "engine/kernels/lanes.h"

namespace kwsd {
namespace {

constexpr std::size_t group = 16;  // channels of one packed word
constexpr std::uint16_t bit_of_lane[group]{1U << 0U,  1U << 1U,  1U << 2U,  1U << 3U, 1U << 4U,  1U << 5U,
                                           1U << 6U,  1U << 7U,  1U << 8U,  1U << 9U, 1U << 10U, 1U << 11U,
                                           1U << 12U, 1U << 13U, 1U << 14U, 1U << 15U};

}  // namespace

Epilogue::Epilogue(const ConvLayer& layer, const Kernels& kernels)
    : kernels_(&kernels),
      output_(layer.output),
      shift_(layer.affine.shift),
      out_shift_(layer.out_shift),
      out_planes_(layer.out_planes),
      channels_(static_cast<std::size_t>(layer.out_channels)) {
  for (const ChannelAffine& channel : layer.affine.channels) {
    mult_.push_back(channel.mult);
    bias_.push_back(channel.bias);
    slope_.push_back(channel.slope);
    sign_at_least_.push_back(channel.sign_at_least);
  }
}

void Epilogue::run(const std::int32_t* acc, int positions, std::int16_t* activated, std::byte* out,
                   std::size_t plane_bytes) const noexcept {
  const bool residual = output_ == OutputKind::residual;
  auto* values = residual ? reinterpret_cast<std::int16_t*>(out) : activated;
  const auto channels = static_cast<int>(channels_);
  kernels_->activate({mult_.data(), bias_.data(), slope_.data(), channels, shift_}, acc, positions, values);
  if (residual) {
    return;
  }
  if (output_ == OutputKind::int8 || output_ == OutputKind::rows || output_ == OutputKind::pooled) {
    kernels_->narrow({values, static_cast<std::size_t>(positions) * channels_}, out_shift_,
                     reinterpret_cast<std::int8_t*>(out));
    return;
  }
  for (int position = 0; position < positions; ++position, values += channels_, out += channels_ / 8) {
    output_ == OutputKind::bits ? to_bits(values, reinterpret_cast<std::uint16_t*>(out))
                                : to_planes(values, out, plane_bytes);
  }
}

void Epilogue::to_bits(const std::int16_t* activated, std::uint16_t* out) const noexcept {
  const std::int16_t* sign_at_least = sign_at_least_.data();
  for (std::size_t c = 0; c < channels_; c += group) {
    std::uint16_t word = 0;
    for (std::size_t i = 0; i < group; ++i) {
      const bool plus = activated[c + i] >= sign_at_least[c + i];
      word = static_cast<std::uint16_t>(word + (plus ? bit_of_lane[i] : 0));
    }
    *out++ = word;
  }
}

void Epilogue::to_planes(const std::int16_t* activated, std::byte* out,
                         std::size_t plane_bytes) const noexcept {
  const lanes::Scale scale(-out_shift_);
  const std::int32_t top = (1 << out_planes_) - 1;
  for (std::size_t c = 0; c < channels_; c += group) {
    std::uint16_t codes[group];
    for (std::size_t i = 0; i < group; ++i) {
      const std::int32_t shifted = lanes::clamp16(activated[c + i] + sign_at_least_[c + i]);
      codes[i] = static_cast<std::uint16_t>(std::min(std::max(scale(shifted), 0), top));
    }
    for (int plane = 0; plane < out_planes_; ++plane) {
      std::uint16_t word = 0;
      for (std::size_t i = 0; i < group; ++i) {
        const bool plus = (codes[i] & (1U << static_cast<unsigned>(plane))) != 0;
        word = static_cast<std::uint16_t>(word + (plus ? bit_of_lane[i] : 0));
      }
      std::memcpy(out + static_cast<std::size_t>(plane) * plane_bytes + c / 8, &word, sizeof word);
    }
  }
}

}  // namespace kwsd
