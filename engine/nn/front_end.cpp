#include "engine/nn/front_end.h"

#include <algorithm>
#include <cstring>

#include "engine/kernels/fixed_point.h"

namespace kwsd {
namespace {

constexpr int round_up(int value, int multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}

std::size_t size(int n) noexcept {
  return static_cast<std::size_t>(n);
}

/// BN and PReLU of one channel (model.h, ChannelAffine).
std::int16_t activate(std::int32_t acc, int shift, const ChannelAffine& channel) noexcept {
  return prelu16(add16(mul_q15(scale16(acc, shift), channel.mult), channel.bias), channel.slope);
}

/// What a layer hands on, one byte a value: an int8, or the code of a bit (0, 1) or of planes (0 .. 15).
std::int8_t quantize(std::int16_t p, const ConvLayer& layer, const ChannelAffine& channel) noexcept {
  switch (layer.output) {
    case OutputKind::bits:
      return p >= channel.sign_at_least ? std::int8_t{1} : std::int8_t{0};
    case OutputKind::planes: {
      const int top = (1 << layer.out_planes) - 1;
      const std::int16_t scaled = scale16(add16(p, channel.sign_at_least), -layer.out_shift);
      return static_cast<std::int8_t>(std::clamp<int>(scaled, 0, top));
    }
    default:
      return static_cast<std::int8_t>(std::clamp<int>(scale16(p, -layer.out_shift), -127, 127));
  }
}

}  // namespace

FrontEnd::FrontEnd(const Model& model, const Kernels& kernels) : kernels_(&kernels) {
  int time = model.step_frames();
  for (const ConvLayer& conv : model.front_end) {
    Layer layer;
    layer.shape = conv;
    layer.in_time = time;
    layer.out_time = (time - conv.kernel_time) / conv.stride_time + 1;
    layer.positions = layer.out_time * conv.out_freq;
    const Weights& w = conv.weights;
    layer.prepared = w.kind == LayerKind::int8 ? kernels.prepare_int8(w.int8, w.outputs, w.inputs)
                                               : kernels.prepare_bits(w.bits);
    layer.shape.weights.int8 = {};
    layer.shape.weights.bits = {};
    time = layer.out_time;
    layers_.push_back(std::move(layer));
  }
}

FrontEnd::Scratch FrontEnd::make_scratch() const {
  Scratch scratch;
  for (const Layer& layer : layers_) {
    const auto grow = [](auto& buffer, int n) { buffer.resize(std::max(buffer.size(), size(n))); };
    const int values = layer.positions * layer.shape.out_channels;
    grow(scratch.activations[0], values);
    grow(scratch.activations[1], values);
    grow(scratch.patches, layer.positions * round_up(layer.shape.weights.inputs, 16));
    grow(scratch.bit_patches, layer.positions * BitMatrix::row_words_for(layer.shape.weights.inputs));
    grow(scratch.dots, values);
    grow(scratch.accumulators, values);
  }
  return scratch;
}

void FrontEnd::compute(const std::int8_t* frames, Scratch& scratch,
                       std::span<std::int16_t> out) const noexcept {
  const std::int8_t* in = frames;
  int next = 0;
  for (const Layer& layer : layers_) {
    multiply(layer, in, scratch);
    const Affine& affine = layer.shape.affine;
    const int channels = layer.shape.out_channels;
    std::int8_t* activations = scratch.activations[next].data();
    for (int position = 0; position < layer.positions; ++position) {
      const std::int32_t* acc = scratch.accumulators.data() + position * channels;
      for (int c = 0; c < channels; ++c) {
        const ChannelAffine& channel = affine.channels[size(c)];
        const std::int16_t p = activate(acc[c], affine.shift, channel);
        if (layer.shape.output == OutputKind::residual) {
          out[size(c)] = p;
        } else {
          activations[position * channels + c] = quantize(p, layer.shape, channel);
        }
      }
    }
    in = activations;
    next = 1 - next;
  }
}

void FrontEnd::multiply(const Layer& layer, const std::int8_t* in, Scratch& scratch) const noexcept {
  const Weights& w = layer.shape.weights;
  std::int32_t* acc = scratch.accumulators.data();
  if (w.kind == LayerKind::int8) {
    gather_int8(layer, in, scratch);
    kernels_->int8_dots(layer.prepared, w.outputs, w.inputs, scratch.patches.data(), round_up(w.inputs, 16),
                        layer.positions, acc);
    return;
  }
  std::fill_n(acc, layer.positions * w.outputs, 0);
  for (int plane = 0; plane < w.planes; ++plane) {
    gather_plane(layer, in, plane, scratch);
    kernels_->bit_dots(layer.prepared, w.outputs, w.inputs, scratch.bit_patches.data(), layer.positions,
                       scratch.dots.data());
    for (int i = 0; i < layer.positions * w.outputs; ++i) {
      acc[i] += scratch.dots[size(i)] * (1 << plane);
    }
  }
}

void FrontEnd::gather_int8(const Layer& layer, const std::int8_t* in, Scratch& scratch) const noexcept {
  const ConvLayer& s = layer.shape;
  const int stride = round_up(s.weights.inputs, 16);
  const int row = s.kernel_freq * s.in_channels;  // bytes of one kernel row
  for (int t = 0; t < layer.out_time; ++t) {
    for (int f = 0; f < s.out_freq; ++f) {
      std::int8_t* patch = scratch.patches.data() + (t * s.out_freq + f) * stride;
      const int first = f * s.stride_freq - s.pad_freq;
      const int begin = std::max(first, 0);
      const int end = std::min(first + s.kernel_freq, s.in_freq);
      for (int k = 0; k < s.kernel_time; ++k) {
        const std::int8_t* source = in + (t * s.stride_time + k) * s.in_freq * s.in_channels;
        std::int8_t* target = patch + k * row;
        const int before = (begin - first) * s.in_channels;
        const int inside = (end - begin) * s.in_channels;
        std::memset(target, 0, size(before));
        std::memcpy(target + before, source + begin * s.in_channels, size(inside));
        std::memset(target + before + inside, 0, size(row - before - inside));
      }
    }
  }
}

void FrontEnd::gather_plane(const Layer& layer, const std::int8_t* in, int plane,
                            Scratch& scratch) const noexcept {
  const ConvLayer& s = layer.shape;
  const int words = BitMatrix::row_words_for(s.weights.inputs);
  for (int t = 0; t < layer.out_time; ++t) {
    for (int f = 0; f < s.out_freq; ++f) {
      std::uint64_t* patch = scratch.bit_patches.data() + (t * s.out_freq + f) * words;
      std::fill_n(patch, words, 0U);
      int bit = 0;
      for (int k = 0; k < s.kernel_time; ++k) {
        for (int j = 0; j < s.kernel_freq; ++j) {
          const int freq = f * s.stride_freq - s.pad_freq + j;
          const bool inside = freq >= 0 && freq < s.in_freq;
          const std::int8_t* pixel = in + ((t * s.stride_time + k) * s.in_freq + freq) * s.in_channels;
          for (int c = 0; c < s.in_channels; c += 16, bit += 16) {
            std::uint64_t packed = inside ? 0 : 0xffff;  // out-of-range taps are +1
            for (int i = 0; inside && i < 16; ++i) {
              packed |= static_cast<std::uint64_t>((pixel[c + i] >> plane) & 1) << i;
            }
            patch[bit / 64] |= packed << (bit % 64);
          }
        }
      }
    }
  }
}

}  // namespace kwsd
