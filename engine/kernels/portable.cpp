// Plain C++ in forms that compilers vectorise: for machines without a set of their own, and x86-64 without
// AVX2.
#include <algorithm>

#include "engine/kernels/bit_rows.h"
#include "engine/kernels/lanes.h"
#include "engine/kernels/prepared.h"
#include "engine/kernels/sets.h"

namespace kwsd {
namespace {

constexpr int lanes_of_block = 8;  // steps of the int16 layers

BitLayer prepare_bits(const BitMatrix& weights) {
  return prepare_bit_tiles(weights, {0, 1, 2, 3, 4, 5, 6, 7});
}

Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int /*inputs*/) {
  return prepare_padded_thresholds(at_least, bit_tile);
}

Int8Layer prepare_int8(std::span<const std::int8_t> weights, int outputs, int inputs) {
  return {prepared_from(weights), outputs, inputs};
}

/// Popcounts of each byte.
constexpr std::uint64_t byte_counts(std::uint64_t v) noexcept {
  v -= (v >> 1) & 0x5555555555555555U;
  v = (v & 0x3333333333333333U) + ((v >> 2) & 0x3333333333333333U);
  return (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fU;
}

/// The sum of the bytes, each at most 255.
constexpr std::uint64_t sum_of_bytes(std::uint64_t v) noexcept {
  v = (v & 0x00ff00ff00ff00ffU) + ((v >> 8) & 0x00ff00ff00ff00ffU);
  v += v >> 16;
  return (v + (v >> 32)) & 0xffffU;
}

/// K - 2 * popcount(a ^ w) of eight outputs.
struct Dots {
  Dots(const std::uint64_t* weights, const std::uint64_t* a, int inputs) noexcept {
    constexpr int longest = 31;  // words whose byte counts fit a byte
    const int words = (inputs + 63) / 64;
    std::uint64_t differing[bit_tile] = {};
    for (int first = 0; first < words; first += longest) {
      std::uint64_t bytes[bit_tile] = {};
      for (int w = first; w < std::min(first + longest, words); ++w) {
        for (int i = 0; i < bit_tile; ++i) {
          bytes[i] += byte_counts(weights[w * bit_tile + i] ^ a[w]);
        }
      }
      for (int i = 0; i < bit_tile; ++i) {
        differing[i] += sum_of_bytes(bytes[i]);
      }
    }
    for (int i = 0; i < bit_tile; ++i) {
      of[i] = static_cast<std::int16_t>(inputs - 2 * static_cast<int>(differing[i]));
    }
  }
  std::int16_t of[bit_tile];
};

/// sink(step, first output, dots of eight outputs).
template <class Sink>
void for_each_tile(const BitLayer& layer, BitRows a, Sink sink) noexcept {
  const int words = (layer.inputs + 63) / 64;
  const int row_words = BitMatrix::row_words_for(layer.inputs);
  const auto* weights = prepared_as<std::uint64_t>(layer.weights);
  for (int n = 0; n < layer.outputs; n += bit_tile) {
    for (int t = 0; t < a.count; ++t) {
      sink(t, n, Dots(weights + n * words, a.words + t * row_words, layer.inputs));
    }
  }
}

void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept {
  for_each_tile(layer, a, [dot, outputs = layer.outputs](int t, int n, const Dots& dots) {
    std::copy_n(dots.of, std::min(bit_tile, outputs - n), dot + t * outputs + n);
  });
}

void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept {
  const auto* at_least = prepared_as<std::int16_t>(thresholds);
  const int row_words = BitMatrix::row_words_for(layer.outputs);
  std::fill_n(out, a.count * row_words, 0U);
  for_each_tile(layer, a, [=](int t, int n, const Dots& dots) {
    std::uint64_t bits = 0;
    for (int i = 0; i < bit_tile; ++i) {
      bits |= std::uint64_t{dots.of[i] >= at_least[n + i] ? 1U : 0U} << i;
    }
    out[t * row_words + n / 64] |= bits << (n % 64);
  });
}

void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept {
  const lanes::Scale scale(affine.shift);
  const int stride = residual_stride(a.count);
  for_each_tile(layer, a, [&](int t, int n, const Dots& dots) {
    for (int i = 0; i < std::min(bit_tile, layer.outputs - n); ++i) {
      const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(n + i)];
      std::int16_t& x = residual[(n + i) * stride + t];
      x = static_cast<std::int16_t>(
          lanes::clamp16(x + lanes::activate(scale(dots.of[i]), channel.mult, channel.bias, channel.slope)));
    }
  });
}

/// at_least(c) is the threshold of channel c.
template <class AtLeast>
void pack_signs(ConstResidual residual, AtLeast at_least, std::uint64_t* bits) noexcept {
  const int words = BitMatrix::row_words_for(residual.channels);
  std::fill_n(bits, residual.steps * words, 0U);
  for (int c = 0; c < residual.channels; ++c) {
    const std::int16_t limit = at_least(c);
    const std::int16_t* x = residual.values + c * residual.stride();
    for (int t = 0; t < residual.steps; ++t) {
      bits[t * words + c / 64] |= std::uint64_t{x[t] >= limit ? 1U : 0U} << (c % 64);
    }
  }
}

/// Eight steps of one channel. x: x[t - 2] .. x[t + 9]; writes the steps to out.
void filter_block(const std::int32_t (&x)[lanes_of_block + 4], const std::int16_t* taps,
                  const lanes::Scale& scale, const ChannelAffine& channel, std::int16_t* out) noexcept {
  for (int t = 0; t < lanes_of_block; ++t) {
    std::int32_t sum = lanes::mul_q15(x[t], taps[0]);
    for (int k = 1; k < 5; ++k) {
      sum = lanes::clamp16(sum + lanes::mul_q15(x[t + k], taps[k]));
    }
    const std::int32_t v = lanes::clamp16(scale(sum) + channel.bias);
    const std::int32_t below = lanes::mul_q15(v, channel.slope);
    out[t] = static_cast<std::int16_t>(lanes::clamp16(x[t + 2] + (v >= 0 ? v : below)));
  }
}

void memory(const MemoryFilter& filter, Residual residual, std::uint64_t* bits) noexcept {
  const lanes::Scale scale(filter.affine.shift);
  const int steps = residual.steps;
  const ChannelAffine* channel = filter.affine.channels.data();
  for (int c = 0; c < residual.channels; ++c) {
    std::int16_t* x = residual.values + c * residual.stride();
    const auto at = [x, steps](int t) { return t < steps ? x[t] : std::int16_t{0}; };
    std::int32_t window[lanes_of_block + 4] = {};
    for (int t = 0; t < steps; t += lanes_of_block) {
      for (int i = 0; i < lanes_of_block + 2; ++i) {
        window[i + 2] = at(t + i);
      }
      filter_block(window, filter.taps + c * 8, scale, channel[c], x + t);
      window[0] = window[lanes_of_block];  // values before they were overwritten
      window[1] = window[lanes_of_block + 1];
    }
  }
  pack_signs(
      residual, [channel](int c) { return channel[c].sign_at_least; }, bits);
}

void signs(ConstResidual residual, const std::int16_t* at_least, std::uint64_t* bits) noexcept {
  pack_signs(
      residual, [at_least](int c) { return at_least[c]; }, bits);
}

void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept {
  const int inputs = layer.inputs;
  for (int r = 0; r < a.count; ++r) {
    const std::int8_t* row = a.values + r * a.stride;
    for (int n = 0; n < layer.outputs; ++n) {
      const std::int8_t* w = prepared_as<std::int8_t>(layer.weights) + n * inputs;
      std::int32_t sum = 0;
      for (int k = 0; k < inputs; ++k) {
        sum += static_cast<std::int16_t>(w[k] * row[k]);
      }
      acc[r * layer.outputs + n] = sum;
    }
  }
}

void activate(const Activation& activation, const std::int32_t* __restrict acc, int positions,
              std::int16_t* __restrict out) noexcept {
  const int channels = activation.channels;
  const lanes::Scale scale(activation.shift);
  const std::int16_t* mult = activation.mult;
  const std::int16_t* bias = activation.bias;
  const std::int16_t* slope = activation.slope;
  for (int i = 0; i < positions; ++i, acc += channels, out += channels) {
    for (int n = 0; n < channels; ++n) {
      out[n] = static_cast<std::int16_t>(lanes::activate(scale(acc[n]), mult[n], bias[n], slope[n]));
    }
  }
}

void narrow(std::span<const std::int16_t> from, int shift, std::int8_t* __restrict out) noexcept {
  const lanes::Scale scale(-shift);
  const std::int16_t* __restrict values = from.data();
  const auto count = static_cast<int>(from.size());
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<std::int8_t>(std::min(std::max(scale(values[i]), -127), 127));
  }
}

void quantize(const Affine& affine, ConstResidual residual, std::int8_t* __restrict flat) noexcept {
  const lanes::Scale scale(affine.shift);
  const int steps = residual.steps;
  for (int c = 0; c < residual.channels; ++c) {
    const ChannelAffine channel = affine.channels[static_cast<std::size_t>(c)];
    const std::int16_t* __restrict x = residual.values + c * residual.stride();
    for (int t = 0; t < steps; ++t) {
      const std::int32_t v = lanes::mul_q15(scale(x[t]), channel.mult) + channel.bias;
      flat[c * steps + t] = static_cast<std::int8_t>(std::min(std::max(v, -127), 127));
    }
  }
}

// ---- the new steps of a stream ----

/// Eight channels of one step; bit i of the result = out of channel i reaches its threshold.
std::uint64_t filter_group(const std::int16_t* const* in, int center, const std::int16_t* constants,
                           const lanes::Scale& scale, std::int16_t* __restrict out) noexcept {
  std::int32_t below[row_group];
  for (int i = 0; i < row_group; ++i) {
    std::int32_t sum = lanes::mul_q15(in[0][i], constants[i]);
    for (int k = 1; k < row_filter_taps; ++k) {
      sum = lanes::clamp16(sum + lanes::mul_q15(in[k][i], constants[k * row_group + i]));
    }
    const std::int32_t v = lanes::clamp16(scale(sum) + constants[5 * row_group + i]);
    const std::int32_t negative = lanes::mul_q15(v, constants[6 * row_group + i]);
    const std::int32_t m = lanes::clamp16(in[center][i] + (v >= 0 ? v : negative));
    out[i] = static_cast<std::int16_t>(m);
    below[i] = m < constants[7 * row_group + i] ? 1 : 0;
  }
  std::uint64_t bits = 0;
  for (int i = 0; i < row_group; ++i) {
    bits |= static_cast<std::uint64_t>(1 - below[i]) << i;
  }
  return bits;
}

void memory_rows(const RowFilter& filter, const std::int16_t* const* in, int steps, std::int16_t* const* out,
                 std::uint64_t* bits) noexcept {
  const lanes::Scale scale(filter.shift);
  const int words = BitMatrix::row_words_for(filter.channels);
  std::fill_n(bits, steps * words, 0U);
  for (int i = 0; i < steps; ++i) {
    for (int c = 0; c < filter.channels; c += row_group) {
      const std::int16_t* const taps[] = {in[i] + c, in[i + 1] + c, in[i + 2] + c, in[i + 3] + c,
                                          in[i + 4] + c};
      const std::uint64_t set =
          filter_group(taps, 4 - filter.ahead, filter.constants.data() + c * 8, scale, out[i] + c);
      bits[i * words + c / 64] |= set << (c % 64);
    }
  }
}

void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept {
  const lanes::Scale scale(affine.shift);
  for_each_tile(layer, a, [&](int t, int n, const Dots& dots) {
    const std::int16_t* constants = affine.constants.data() + n * 3;
    std::int16_t* x = rows[t] + n;
    for (int i = 0; i < row_group; ++i) {
      const std::int32_t p = lanes::activate(scale(dots.of[i]), constants[i], constants[row_group + i],
                                             constants[2 * row_group + i]);
      x[i] = static_cast<std::int16_t>(lanes::clamp16(x[i] + p));
    }
  });
}

void quantize_row(const RowAffine& affine, const std::int16_t* row, std::int8_t* __restrict out) noexcept {
  const lanes::Scale scale(affine.shift);
  for (int c = 0; c < affine.channels; c += row_group) {
    const std::int16_t* constants = affine.constants.data() + c * 3;
    for (int i = 0; i < row_group; ++i) {
      const std::int32_t v = lanes::mul_q15(scale(row[c + i]), constants[i]) + constants[row_group + i];
      out[c + i] = static_cast<std::int8_t>(std::min(std::max(v, -127), 127));
    }
  }
}

}  // namespace

const Kernels portable_kernels{
    .name = "portable",
    .description = "plain C++, 64-bit words, for any CPU",
    .supported = []() noexcept { return true; },
    .suits = []() noexcept { return true; },
    .prepare_bits = prepare_bits,
    .prepare_thresholds = prepare_thresholds,
    .prepare_int8 = prepare_int8,
    .bit_dots = bit_dots,
    .expand = expand,
    .project = project,
    .memory = memory,
    .signs = signs,
    .int8_dots = int8_dots,
    .activate = activate,
    .narrow = narrow,
    .quantize = quantize,
    .memory_rows = memory_rows,
    .project_rows = project_rows,
    .quantize_row = quantize_row,
};

}  // namespace kwsd
