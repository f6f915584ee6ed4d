#include "engine/nn/block.h"

#include <array>

#include "engine/kernels/lanes.h"
#include "engine/model/limits.h"

namespace kwsd {
namespace {

constexpr std::size_t taps = memory_taps;

/// w16 of BlockParams::memory, the BN gain folded into the taps.
AlignedVector<std::int16_t> fold_taps(const BlockWeights& weights, const Affine& affine) {
  AlignedVector<std::int16_t> folded(affine.channels.size() * 8);
  for (std::size_t c = 0; c < affine.channels.size(); ++c) {
    for (std::size_t k = 0; k < taps; ++k) {
      folded[c * 8 + k] = fold_tap(weights.memory[c * taps + k], affine.channels[c].mult);
    }
  }
  return folded;
}

}  // namespace

PreparedBlock::PreparedBlock(const BlockWeights& weights, const Kernels& kernels)
    : expand(kernels.prepare_bits(weights.expand)), project(kernels.prepare_bits(weights.project)) {}

Block::Block(const Model& model, int index, const PreparedBlock& weights, const BlockParams& params,
             const Kernels& kernels)
    : kernels_(&kernels),
      weights_(&weights),
      params_(&params),
      index_(index),
      steps_(model.steps),
      memory_size_(model.memory_size),
      hidden_at_least_(kernels.prepare_thresholds(params.hidden_at_least, model.memory_size)) {
  const BlockWeights& block = model.blocks[static_cast<std::size_t>(index)];
  memory_ = block.memory.data();
  memory_is_int8_ = block.memory_kind == LayerKind::int8;
  if (memory_is_int8_) {
    taps_ = fold_taps(block, params.memory);
    return;
  }
  for (const ChannelAffine& channel : params.memory.channels) {
    sign_at_least_.push_back(channel.sign_at_least);
  }
}

void Block::memory(std::int16_t* residual, std::uint64_t* bits) const noexcept {
  if (memory_is_int8_) {
    kernels_->memory({taps_.data(), params_->memory}, {residual, memory_size_, steps_}, bits);
  } else {
    memory_bit1(residual);
    kernels_->signs({residual, memory_size_, steps_}, sign_at_least_.data(), bits);
  }
}

void Block::expand(const std::uint64_t* bits, std::uint64_t* hidden) const noexcept {
  kernels_->expand(weights_->expand, hidden_at_least_, {bits, steps_}, hidden);
}

void Block::project(const std::uint64_t* hidden, std::int16_t* residual) const noexcept {
  kernels_->project(weights_->project, params_->project, {hidden, steps_}, residual);
}

/// The 1-bit memory filter and the shortcut (the paper's own net). Lanes past the last step are computed too.
void Block::memory_bit1(std::int16_t* residual) const noexcept {
  const int stride = residual_stride(steps_);
  const Affine& affine = params_->memory;
  const lanes::Scale scale(affine.shift);
  std::array<std::int16_t, limits::steps + 8 + 4> signs;  // of x[t - 2 ..], +1 out of range
  for (std::size_t c = 0; c < affine.channels.size(); ++c, residual += stride) {
    const std::int16_t at_least = params_->memory_sign_at_least[c];
    signs[0] = signs[1] = 1;
    for (int t = 0; t < stride; ++t) {
      signs[static_cast<std::size_t>(t) + 2] = residual[t] >= at_least ? 1 : -1;
    }
    signs[static_cast<std::size_t>(steps_) + 2] = signs[static_cast<std::size_t>(steps_) + 3] = 1;
    const std::int8_t* tap = memory_ + c * taps;
    const ChannelAffine channel = affine.channels[c];
    for (int t = 0; t < stride; ++t) {
      const std::int16_t* s = signs.data() + t;
      const int acc = tap[0] * s[0] + tap[1] * s[1] + tap[2] * s[2] + tap[3] * s[3] + tap[4] * s[4];
      const int p = lanes::activate(scale(acc), channel.mult, channel.bias, channel.slope);
      residual[t] = static_cast<std::int16_t>(lanes::clamp16(residual[t] + p));
    }
  }
}

}  // namespace kwsd
