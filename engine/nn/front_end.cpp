#include "engine/nn/front_end.h"

#include <algorithm>
#include <cstring>

namespace kwsd {
namespace {

/// Patches are copied in blocks of this many bytes; buffers have as much to spare at their end.
constexpr std::size_t copy_block = 16;

std::size_t size(int n) noexcept {
  return static_cast<std::size_t>(n);
}

/// Copies `count` > 0 bytes rounded up to whole blocks: the next copy overwrites the excess.
inline void copy_blocks(std::byte* to, const std::byte* from, std::size_t count) noexcept {
  const std::byte* const end = from + count;
  for (; end - from > static_cast<std::ptrdiff_t>(copy_block); from += 2 * copy_block, to += 2 * copy_block) {
    struct Two {
      std::byte bytes[2 * copy_block];
    } two;
    std::memcpy(&two, from, sizeof two);
    std::memcpy(to, &two, sizeof two);
  }
  if (from < end) {
    std::memcpy(to, from, copy_block);
  }
}

}  // namespace

std::size_t FrontEnd::RowLayout::plane_bytes() const noexcept {
  return size(freq + 2 * pad) * pixel_bytes;
}
std::size_t FrontEnd::RowLayout::row_bytes() const noexcept {
  return size(planes) * plane_bytes();
}

FrontEnd::Layer::Layer(const ConvLayer& conv, const Kernels& kernels, int stride_below)
    : outputs(conv.out_channels),
      inputs(conv.weights.inputs),
      planes(conv.weights.planes),
      positions(conv.out_freq),
      kernel_time(conv.kernel_time),
      frame_stride(stride_below),
      is_bits(conv.weights.kind != LayerKind::int8),
      bits(is_bits ? kernels.prepare_bits(conv.weights.bits) : BitLayer{}),
      int8(is_bits ? Int8Layer{} : kernels.prepare_int8(conv.weights.int8, outputs, inputs)),
      epilogue(std::in_place, conv, kernels) {
  kernel_row_bytes = size(conv.kernel_freq) * conv.pixel_bytes();
  position_bytes = size(conv.stride_freq) * conv.pixel_bytes();
  patch_bytes = is_bits ? 8 * size(BitMatrix::row_words_for(inputs)) : (size(inputs) + 15) / 16 * 16;
}

FrontEnd::Layer::Layer(const ConvLayer& conv, Pool groups, int stride_below)
    : pool(groups),
      outputs(conv.out_channels),
      inputs(conv.pool_freq * conv.out_channels),
      planes(1),
      positions(conv.handed_freq()),
      kernel_time(conv.pool_time),
      frame_stride(stride_below),
      kernel_row_bytes(0),
      position_bytes(0),
      patch_bytes(0),
      is_bits(false) {}

FrontEnd::FrontEnd(const Model& model, const Kernels& kernels) : kernels_(&kernels) {
  int stride_below = 1;
  int kept = model.streaming ? model.step_frames() : model.window_frames();
  for (const ConvLayer& conv : model.front_end) {
    layers_.emplace_back(conv, kernels, stride_below);
    const bool is_bits = layers_.back().is_bits;
    rows_.push_back({.planes = conv.weights.planes,
                     .freq = conv.in_freq,
                     .pad = conv.pad_freq,
                     .pixel_bytes = conv.pixel_bytes(),
                     .outside = is_bits ? std::byte{0xff} : std::byte{0},
                     .kept = kept});
    layers_.back().number = static_cast<int>(&conv - model.front_end.data());
    kept -= (conv.kernel_time - 1) * stride_below;
    stride_below *= conv.stride_time;
    if (conv.output == OutputKind::pooled) {
      layers_.back().handed_on = false;
      layers_.emplace_back(conv, Layer::Pool{conv.pool_freq, size(conv.out_channels)}, stride_below);
      layers_.back().number = layers_[layers_.size() - 2].number;
      rows_.push_back({.freq = conv.out_freq, .pixel_bytes = size(conv.out_channels), .kept = kept});
      kept -= (conv.pool_time - 1) * stride_below;
      stride_below *= conv.pool_stride;
    }
  }
  rows_.push_back({.pixel_bytes = 2 * size(model.memory_size), .kept = kept});
  if (model.runs_in_steps()) {
    for (std::size_t i = 1; i < layers_.size(); ++i) {
      rows_[i].kept = layers_[i].reach_frames();
    }
  }
}

FrontEndStream::FrontEndStream(const FrontEnd& front_end, const Observer* observer)
    : front_end_(&front_end), observer_(observer), rings_(front_end.rows_.size()) {
  for (std::size_t level = 0; level < rings_.size(); ++level) {
    const FrontEnd::RowLayout& layout = front_end.rows_[level];
    rings_[level].rows.resize(size(layout.kept) * layout.row_bytes() + copy_block, layout.outside);
    rings_[level].ends.resize(size(layout.kept));
  }
  for (const FrontEnd::Layer& layer : front_end.layers_) {
    const auto grow = [](auto& buffer, std::size_t n) { buffer.resize(std::max(buffer.size(), n)); };
    grow(patches_, size(layer.positions) * layer.patch_bytes + copy_block);
    grow(dots_, layer.is_bits ? size(layer.positions) * size(layer.outputs) : 0);
    grow(acc_, size(layer.positions) * size(layer.outputs));
    grow(activated_, size(layer.positions) * size(layer.outputs));
  }
}

void FrontEndStream::reset() noexcept {
  frames_seen_ = 0;
  for (Ring& ring : rings_) {
    std::fill(ring.ends.begin(), ring.ends.end(), 0);
  }
}

void FrontEndStream::push_frame(std::span<const std::int8_t> frame) noexcept {
  ++frames_seen_;
  const FrontEnd::RowLayout& layout = front_end_->rows_[0];
  std::memcpy(slot(0, frames_seen_) + size(layout.pad), frame.data(), size(layout.freq));
  rings_[0].ends[static_cast<std::size_t>(frames_seen_ % layout.kept)] = frames_seen_;
}

const std::int16_t* FrontEndStream::step(std::int64_t end) noexcept {
  return reinterpret_cast<const std::int16_t*>(row(front_end_->layers_.size(), end));
}

void FrontEndStream::window(int steps, int stride_frames, std::int16_t* residual) noexcept {
  constexpr std::size_t four = 4;
  const std::size_t stride = size(residual_stride(steps));
  const std::size_t channels = front_end_->rows_.back().row_bytes() / sizeof(std::int16_t);
  for (int t = 0; t < steps; ++t) {
    const std::int16_t* values = step(frames_seen_ - (steps - 1 - t) * stride_frames);
    std::int16_t* column = residual + t;
    std::size_t c = 0;
    for (; c + four <= channels; c += four, column += four * stride) {
      std::array<std::int16_t, four> value;  // one load
      std::memcpy(value.data(), values + c, sizeof value);
      column[0] = value[0];
      column[stride] = value[1];
      column[2 * stride] = value[2];
      column[3 * stride] = value[3];
    }
    for (; c < channels; ++c, column += stride) {
      *column = values[c];
    }
  }
}

std::byte* FrontEndStream::slot(std::size_t level, std::int64_t end) noexcept {
  const FrontEnd::RowLayout& layout = front_end_->rows_[level];
  return rings_[level].rows.data() + static_cast<std::size_t>(end % layout.kept) * layout.row_bytes();
}

/// The row of a level that ends at `end`, computed unless it is already available.
const std::byte* FrontEndStream::row(std::size_t level, std::int64_t end) noexcept {
  std::int64_t& found = rings_[level].ends[static_cast<std::size_t>(end % front_end_->rows_[level].kept)];
  if (found != end) {
    compute(level - 1, end);
    found = end;
  }
  return slot(level, end);
}

void FrontEndStream::compute(std::size_t index, std::int64_t end) noexcept {
  const FrontEnd::Layer& layer = front_end_->layers_[index];
  InputRows in{};
  for (int k = 0; k < layer.kernel_time; ++k) {
    in[size(k)] = row(index, end - (layer.kernel_time - 1 - k) * layer.frame_stride);
  }
  const FrontEnd::RowLayout& layout = front_end_->rows_[index + 1];
  std::byte* const out = slot(index + 1, end) + size(layout.pad) * layout.pixel_bytes;
  if (layer.epilogue) {
    multiply(layer, in, front_end_->rows_[index].plane_bytes());
    layer.epilogue->run(acc_.data(), layer.positions, activated_.data(), out, layout.plane_bytes());
  } else {
    largest(layer, in, out);
  }
  if (observer_ != nullptr && layer.handed_on) {
    observe(index + 1, end);
  }
}

/// acc = the products of all positions: sum over planes of 2^plane dot(plane).
void FrontEndStream::multiply(const FrontEnd::Layer& layer, const InputRows& in,
                              std::size_t plane_bytes) noexcept {
  const Kernels& kernels = *front_end_->kernels_;
  if (!layer.is_bits) {
    gather(layer, in, 0);
    kernels.int8_dots(layer.int8,
                      {reinterpret_cast<const std::int8_t*>(patches_.data()),
                       static_cast<int>(layer.patch_bytes), layer.positions},
                      acc_.data());
    return;
  }
  const std::size_t count = size(layer.positions) * size(layer.outputs);
  std::fill_n(acc_.begin(), count, 0);
  for (int plane = 0; plane < layer.planes; ++plane) {
    gather(layer, in, size(plane) * plane_bytes);
    kernels.bit_dots(layer.bits, {reinterpret_cast<const std::uint64_t*>(patches_.data()), layer.positions},
                     dots_.data());
    for (std::size_t i = 0; i < count; ++i) {
      acc_[i] += dots_[i] * (1 << plane);
    }
  }
}

/// The largest int8 values of the rows, in groups of positions.
void FrontEndStream::largest(const FrontEnd::Layer& layer, const InputRows& in, std::byte* out) noexcept {
  const std::size_t channels = layer.pool.channels;
  auto* const to = reinterpret_cast<std::int8_t*>(out);
  for (std::size_t p = 0; p < size(layer.positions); ++p) {
    std::int8_t* const top = to + p * channels;
    std::fill_n(top, channels, std::int8_t{-128});
    for (std::size_t k = 0; k < size(layer.kernel_time); ++k) {
      const auto* from = reinterpret_cast<const std::int8_t*>(in[k]) + p * size(layer.pool.freq) * channels;
      for (int f = 0; f < layer.pool.freq; ++f, from += channels) {
        for (std::size_t c = 0; c < channels; ++c) {
          top[c] = std::max(top[c], from[c]);
        }
      }
    }
  }
}

/// im2col of one plane: each position's kernel rows, one after the other.
void FrontEndStream::gather(const FrontEnd::Layer& layer, const InputRows& in, std::size_t offset) noexcept {
  // Copied out of the layer: otherwise the compiler must assume that the written bytes change it.
  const std::size_t row_bytes = layer.kernel_row_bytes, patch_bytes = layer.patch_bytes;
  const std::size_t position_bytes = layer.position_bytes, rows = size(layer.kernel_time);
  const std::size_t rest = layer.is_bits ? patch_bytes - rows * row_bytes : 0;
  std::byte* patch = patches_.data();
  for (int position = layer.positions; position > 0; --position) {
    std::byte* to = patch;
    for (std::size_t k = 0; k < rows; ++k, to += row_bytes) {
      copy_blocks(to, in[k] + offset, row_bytes);
    }
    if (rest > 0) {
      std::memset(to, 0, rest);
    }
    patch += patch_bytes;
    offset += position_bytes;
  }
}

void FrontEndStream::observe(std::size_t level, std::int64_t end) {
  const FrontEnd::RowLayout& layout = front_end_->rows_[level];
  const std::byte* pixels = slot(level, end) + size(layout.pad) * layout.pixel_bytes;
  const std::size_t bytes = size(layout.freq) * layout.pixel_bytes;
  std::vector<std::int32_t> values;
  if (level == front_end_->layers_.size()) {
    const auto* p = reinterpret_cast<const std::int16_t*>(pixels);
    values.assign(p, p + bytes / 2);
  } else if (!front_end_->layers_[level].is_bits) {
    const auto* p = reinterpret_cast<const std::int8_t*>(pixels);
    values.assign(p, p + bytes);
  } else {
    for (std::size_t i = 0; i < 8 * bytes; ++i) {
      int value = 0;
      for (int plane = 0; plane < layout.planes; ++plane) {
        const auto byte = std::to_integer<unsigned>(pixels[size(plane) * layout.plane_bytes() + i / 8]);
        value += ((byte >> (i % 8)) & 1U) != 0 ? 1 << plane : -(1 << plane);
      }
      values.push_back(value);
    }
  }
  (*observer_)(
      {.name = "front-end", .index = front_end_->layers_[level - 1].number, .end = end, .values = values});
}

}  // namespace kwsd
