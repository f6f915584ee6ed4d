// The reference kernels: the definitions of kernels.h and model.h written out, one product at a time.
// They define the truth for every other set; nothing here is meant to be fast.
#include <algorithm>
#include <bit>

#include "engine/kernels/bit_rows.h"
#include "engine/kernels/fixed_point.h"
#include "engine/kernels/prepared.h"
#include "engine/kernels/sets.h"

namespace kwsd {
namespace {

Prepared prepare_bits(const BitMatrix& weights) {
  return prepared_from(weights.words);
}

Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int /*inputs*/) {
  return prepared_from(at_least);
}

Prepared prepare_int8(std::span<const std::int8_t> weights, int /*outputs*/, int /*inputs*/) {
  return prepared_from(weights);
}

/// K - 2 * popcount(a ^ w) of one row of each.
int dot(const std::uint64_t* a, const std::uint64_t* w, int inputs) noexcept {
  int differing = 0;
  for (int word = 0; word < BitMatrix::row_words_for(inputs); ++word) {
    differing += std::popcount(a[word] ^ w[word]);
  }
  return inputs - 2 * differing;
}

void bit_dots(const Prepared& weights, int outputs, int inputs, const std::uint64_t* a, int steps,
              std::int16_t* dots) noexcept {
  const int words = BitMatrix::row_words_for(inputs);
  for (int t = 0; t < steps; ++t) {
    for (int n = 0; n < outputs; ++n) {
      dots[t * outputs + n] = static_cast<std::int16_t>(
          dot(a + t * words, prepared_as<std::uint64_t>(weights) + n * words, inputs));
    }
  }
}

void expand(const Prepared& weights, const Prepared& thresholds, int outputs, int inputs,
            const std::uint64_t* a, int steps, std::uint64_t* out) noexcept {
  const int words = BitMatrix::row_words_for(inputs);
  const int out_words = BitMatrix::row_words_for(outputs);
  for (int t = 0; t < steps; ++t) {
    std::uint64_t* row = out + t * out_words;
    std::fill_n(row, out_words, 0U);
    for (int n = 0; n < outputs; ++n) {
      if (dot(a + t * words, prepared_as<std::uint64_t>(weights) + n * words, inputs) >=
          prepared_as<std::int16_t>(thresholds)[n]) {
        set_bit(row, n);
      }
    }
  }
}

void project(const Prepared& weights, const Affine& affine, int outputs, int inputs, const std::uint64_t* a,
             int steps, std::int16_t* residual) noexcept {
  const int words = BitMatrix::row_words_for(inputs);
  const int stride = residual_stride(steps);
  for (int n = 0; n < outputs; ++n) {
    const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(n)];
    for (int t = 0; t < steps; ++t) {
      const int acc = dot(a + t * words, prepared_as<std::uint64_t>(weights) + n * words, inputs);
      const std::int16_t v = add16(mul_q15(scale16(acc, affine.shift), channel.mult), channel.bias);
      std::int16_t& x = residual[n * stride + t];
      x = add16(x, prelu16(v, channel.slope));
    }
  }
}

void memory(const std::int16_t* taps, const Affine& affine, int channels, int steps, std::int16_t* residual,
            std::uint64_t* bits) noexcept {
  const int stride = residual_stride(steps);
  const int words = BitMatrix::row_words_for(channels);
  std::fill_n(bits, steps * words, 0U);
  for (int c = 0; c < channels; ++c) {
    std::int16_t* x = residual + c * stride;
    const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(c)];
    std::int16_t before2 = 0;  // x[t - 2] and x[t - 1] before they were overwritten
    std::int16_t before1 = 0;
    for (int t = 0; t < steps; ++t) {
      const std::int16_t now = x[t];
      const std::int16_t window[5] = {before2, before1, now, t + 1 < steps ? x[t + 1] : std::int16_t{0},
                                      t + 2 < steps ? x[t + 2] : std::int16_t{0}};
      std::int16_t sum = mul_q15(window[0], taps[c * 8]);
      for (int k = 1; k < 5; ++k) {
        sum = add16(sum, mul_q15(window[k], taps[c * 8 + k]));
      }
      const std::int16_t v = add16(scale16(sum, affine.shift), channel.bias);
      x[t] = add16(now, prelu16(v, channel.slope));
      if (x[t] >= channel.sign_at_least) {
        set_bit(bits + t * words, c);
      }
      before2 = before1;
      before1 = now;
    }
  }
}

void signs(const std::int16_t* residual, const std::int16_t* at_least, int channels, int steps,
           std::uint64_t* bits) noexcept {
  const int stride = residual_stride(steps);
  const int words = BitMatrix::row_words_for(channels);
  std::fill_n(bits, steps * words, 0U);
  for (int c = 0; c < channels; ++c) {
    for (int t = 0; t < steps; ++t) {
      if (residual[c * stride + t] >= at_least[c]) {
        set_bit(bits + t * words, c);
      }
    }
  }
}

void int8_dots(const Prepared& weights, int outputs, int inputs, const std::int8_t* a, int a_stride, int rows,
               std::int32_t* acc) noexcept {
  for (int r = 0; r < rows; ++r) {
    for (int n = 0; n < outputs; ++n) {
      std::int32_t sum = 0;
      for (int k = 0; k < inputs; ++k) {
        sum += prepared_as<std::int8_t>(weights)[n * inputs + k] * a[r * a_stride + k];
      }
      acc[r * outputs + n] = sum;
    }
  }
}

void activate(const std::int32_t* acc, const Activation& activation, int channels, int positions,
              std::int16_t* out) noexcept {
  for (int i = 0; i < positions * channels; ++i) {
    const int n = i % channels;
    const std::int16_t u = mul_q15(scale16(acc[i], activation.shift), activation.mult[n]);
    out[i] = prelu16(add16(u, activation.bias[n]), activation.slope[n]);
  }
}

std::int8_t clamp8(std::int16_t v) noexcept {
  return static_cast<std::int8_t>(std::clamp<std::int16_t>(v, -127, 127));
}

void narrow(const std::int16_t* values, int count, int shift, std::int8_t* out) noexcept {
  for (int i = 0; i < count; ++i) {
    out[i] = clamp8(scale16(values[i], -shift));
  }
}

void quantize(const std::int16_t* residual, const Affine& affine, int channels, int steps,
              std::int8_t* flat) noexcept {
  const int stride = residual_stride(steps);
  for (int c = 0; c < channels; ++c) {
    const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(c)];
    for (int t = 0; t < steps; ++t) {
      const std::int16_t u = mul_q15(scale16(residual[c * stride + t], affine.shift), channel.mult);
      flat[c * steps + t] = clamp8(add16(u, channel.bias));
    }
  }
}

}  // namespace

const Kernels reference_kernels{
    .name = "reference",
    .description = "plain C++, defines the truth",
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
