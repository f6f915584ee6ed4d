#include "engine/model/model.h"

#include <algorithm>

namespace kwsd {
namespace {

std::size_t size(int n) noexcept {
  return static_cast<std::size_t>(n);
}

}  // namespace

std::size_t ConvLayer::pixel_bytes() const noexcept {
  return weights.kind == LayerKind::int8 ? size(in_channels) : size(in_channels) / 8;
}

std::size_t ConvLayer::row_bytes() const noexcept {
  return size(weights.planes) * size(in_freq + 2 * pad_freq) * pixel_bytes();
}

int Model::step_frames() const noexcept {
  int frames = 1;
  int stride = 1;
  for (const ConvLayer& layer : front_end) {
    frames += (layer.reach() - 1) * stride;
    stride *= layer.stride();
  }
  return frames;
}

int Model::step_stride_frames() const noexcept {
  int stride = 1;
  for (const ConvLayer& layer : front_end) {
    stride *= layer.stride();
  }
  return stride;
}

int Model::hop_frames() const noexcept {
  const double frame_ms = 1000.0 * features.hop_samples / features.sample_rate_hz;
  const int step = step_stride_frames();
  const int steps_wanted = std::max(1, static_cast<int>(100.0 / (step * frame_ms)));
  if (streaming) {
    return steps_wanted * step;
  }
  return std::clamp(steps_wanted * step, 1, std::max(1, static_cast<int>(128.0 / frame_ms)));
}

int Model::lookahead_steps(BranchId branch) const noexcept {
  int sum = 0;
  for (const std::uint8_t block : branches[static_cast<std::size_t>(branch)].blocks) {
    sum += blocks[block].ahead;
  }
  return sum;
}

int Model::reach_steps(BranchId branch) const noexcept {
  return steps +
         (memory_taps - 1) * static_cast<int>(branches[static_cast<std::size_t>(branch)].blocks.size());
}

int Model::window_frames() const noexcept {
  return step_frames() + (steps - 1) * step_stride_frames();
}

int Model::window_samples() const noexcept {
  return (window_frames() - 1) * static_cast<int>(features.hop_samples) +
         static_cast<int>(features.frame_samples);
}

bool Model::runs_in_steps() const noexcept {
  return streaming || branches[0].thresholds.empty();
}

std::size_t Model::stream_bytes() const noexcept {
  std::size_t rows = 0;  // bytes of those that are kept, all levels
  int needed = streaming ? step_frames() : window_frames();
  int stride = 1;
  std::size_t patches = 0;
  std::size_t products = 0;
  const bool in_steps = runs_in_steps();
  for (const ConvLayer& layer : front_end) {
    const bool is_int8 = layer.weights.kind == LayerKind::int8;
    const int inputs = layer.weights.inputs;
    const bool is_first = &layer == front_end.data();
    rows += size(in_steps && !is_first ? (layer.kernel_time - 1) * stride + 1 : needed) * layer.row_bytes();
    needed -= (layer.kernel_time - 1) * stride;
    stride *= layer.stride_time;
    if (layer.output == OutputKind::pooled) {  // its own rows are kept, too
      rows += size(in_steps ? (layer.pool_time - 1) * stride + 1 : needed) *
              size(layer.out_freq * layer.out_channels);
      needed -= (layer.pool_time - 1) * stride;
      stride *= layer.pool_stride;
    }
    patches = std::max(patches, size(layer.out_freq) *
                                    (is_int8 ? size(inputs) : 8 * size(BitMatrix::row_words_for(inputs))));
    products = std::max(products, size(layer.out_freq) * size(layer.out_channels));
  }
  rows += size(needed) * 2 * size(memory_size);
  std::size_t in_second = 0;
  if (second) {
    const int pending = streaming ? most_pending_steps * step_stride_frames() : 0;
    in_second = size(second->net.window_frames() + pending) * size(static_cast<int>(features.coefficients)) +
                second->net.stream_bytes();
  }
  const std::size_t front = rows + patches + 8 * products + in_second;
  if (streaming) {
    const int blocks_before = memory_taps - 1;  // inputs that a block remembers
    const std::size_t kept =
        size(steps + most_pending_steps + blocks_before * static_cast<int>(blocks.size()));
    const std::size_t in_blocks = size(blocks_before + most_steps_at_once) * (blocks.size() + 1);
    return front + (kept + in_blocks) * 2 * size(memory_size);
  }
  const std::size_t window_values = 4 * size(memory_size) + size(hidden_size);
  return front + size(steps) * window_values;
}

}  // namespace kwsd
