// Plain C++ in forms that compilers vectorise: for machines that have no set of their own, and x86-64 without
// AVX2.
#include <algorithm>

#include "engine/kernels/bit_rows.h"
#include "engine/kernels/lanes.h"
#include "engine/kernels/prepared.h"
#include "engine/kernels/sets.h"

namespace kwsd {
namespace {

constexpr int lanes_of_block = 8;  // steps of the int16 layers

Prepared prepare_bits(const BitMatrix& weights) {
  return prepare_bit_tiles(weights, {0, 1, 2, 3, 4, 5, 6, 7});
}

Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int /*inputs*/) {
  return prepare_padded_thresholds(at_least, bit_tile);
}

Prepared prepare_int8(std::span<const std::int8_t> weights, int /*outputs*/, int /*inputs*/) {
  return prepared_from(weights);
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
void for_each_tile(const Prepared& weights, int outputs, int inputs, const std::uint64_t* a, int steps,
                   Sink sink) noexcept {
  const int words = (inputs + 63) / 64;
  const int row_words = BitMatrix::row_words_for(inputs);
  for (int n = 0; n < outputs; n += bit_tile) {
    for (int t = 0; t < steps; ++t) {
      sink(t, n, Dots(prepared_as<std::uint64_t>(weights) + n * words, a + t * row_words, inputs));
    }
  }
}

void bit_dots(const Prepared& weights, int outputs, int inputs, const std::uint64_t* a, int steps,
              std::int16_t* dot) noexcept {
  for_each_tile(weights, outputs, inputs, a, steps, [=](int t, int n, const Dots& dots) {
    std::copy_n(dots.of, std::min(bit_tile, outputs - n), dot + t * outputs + n);
  });
}

void expand(const Prepared& weights, const Prepared& thresholds, int outputs, int inputs,
            const std::uint64_t* a, int steps, std::uint64_t* out) noexcept {
  const auto* at_least = prepared_as<std::int16_t>(thresholds);
  const int row_words = BitMatrix::row_words_for(outputs);
  std::fill_n(out, steps * row_words, 0U);
  for_each_tile(weights, outputs, inputs, a, steps, [=](int t, int n, const Dots& dots) {
    std::uint64_t bits = 0;
    for (int i = 0; i < bit_tile; ++i) {
      bits |= std::uint64_t{dots.of[i] >= at_least[n + i] ? 1U : 0U} << i;
    }
    out[t * row_words + n / 64] |= bits << (n % 64);
  });
}

void project(const Prepared& weights, const Affine& affine, int outputs, int inputs, const std::uint64_t* a,
             int steps, std::int16_t* residual) noexcept {
  const lanes::Scale scale(affine.shift);
  const int stride = residual_stride(steps);
  for_each_tile(weights, outputs, inputs, a, steps, [&](int t, int n, const Dots& dots) {
    for (int i = 0; i < std::min(bit_tile, outputs - n); ++i) {
      const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(n + i)];
      std::int16_t& x = residual[(n + i) * stride + t];
      x = static_cast<std::int16_t>(
          lanes::clamp16(x + lanes::activate(scale(dots.of[i]), channel.mult, channel.bias, channel.slope)));
    }
  });
}

/// at_least(c) is the threshold of channel c.
template <class AtLeast>
void pack_signs(const std::int16_t* residual, AtLeast at_least, int channels, int steps,
                std::uint64_t* bits) noexcept {
  const int words = BitMatrix::row_words_for(channels);
  const int stride = residual_stride(steps);
  std::fill_n(bits, steps * words, 0U);
  for (int c = 0; c < channels; ++c) {
    const std::int16_t limit = at_least(c);
    for (int t = 0; t < steps; ++t) {
      bits[t * words + c / 64] |= std::uint64_t{residual[c * stride + t] >= limit ? 1U : 0U} << (c % 64);
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

void memory(const std::int16_t* taps, const Affine& affine, int channels, int steps, std::int16_t* residual,
            std::uint64_t* bits) noexcept {
  const lanes::Scale scale(affine.shift);
  const int stride = residual_stride(steps);
  const ChannelAffine* channel = affine.channels.data();
  for (int c = 0; c < channels; ++c) {
    std::int16_t* x = residual + c * stride;
    const auto at = [x, steps](int t) { return t < steps ? x[t] : std::int16_t{0}; };
    std::int32_t window[lanes_of_block + 4] = {};
    for (int t = 0; t < steps; t += lanes_of_block) {
      for (int i = 0; i < lanes_of_block + 2; ++i) {
        window[i + 2] = at(t + i);
      }
      filter_block(window, taps + c * 8, scale, channel[c], x + t);
      window[0] = window[lanes_of_block];  // as they were before
      window[1] = window[lanes_of_block + 1];
    }
  }
  pack_signs(
      residual, [channel](int c) { return channel[c].sign_at_least; }, channels, steps, bits);
}

void signs(const std::int16_t* residual, const std::int16_t* at_least, int channels, int steps,
           std::uint64_t* bits) noexcept {
  pack_signs(
      residual, [at_least](int c) { return at_least[c]; }, channels, steps, bits);
}

void int8_dots(const Prepared& weights, int outputs, int inputs, const std::int8_t* a, int a_stride, int rows,
               std::int32_t* acc) noexcept {
  for (int r = 0; r < rows; ++r) {
    for (int n = 0; n < outputs; ++n) {
      const std::int8_t* w = prepared_as<std::int8_t>(weights) + n * inputs;
      std::int32_t sum = 0;
      for (int k = 0; k < inputs; ++k) {
        sum += static_cast<std::int16_t>(w[k] * a[r * a_stride + k]);
      }
      acc[r * outputs + n] = sum;
    }
  }
}

void activate(const std::int32_t* __restrict acc, const Activation& activation, int channels, int positions,
              std::int16_t* __restrict out) noexcept {
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

void narrow(const std::int16_t* __restrict values, int count, int shift,
            std::int8_t* __restrict out) noexcept {
  const lanes::Scale scale(-shift);
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<std::int8_t>(std::min(std::max(scale(values[i]), -127), 127));
  }
}

void quantize(const std::int16_t* __restrict residual, const Affine& affine, int channels, int steps,
              std::int8_t* __restrict flat) noexcept {
  const lanes::Scale scale(affine.shift);
  const int stride = residual_stride(steps);
  for (int c = 0; c < channels; ++c) {
    const ChannelAffine channel = affine.channels[static_cast<std::size_t>(c)];
    for (int t = 0; t < steps; ++t) {
      const std::int32_t v = lanes::mul_q15(scale(residual[c * stride + t]), channel.mult) + channel.bias;
      flat[c * steps + t] = static_cast<std::int8_t>(std::min(std::max(v, -127), 127));
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
};

}  // namespace kwsd
