// The reference kernels: the definitions of kernels.h and model.h written out, one product at a time. They
// define the correct results for every other set; none of them is optimized.
#include <algorithm>
#include <bit>

#include "engine/kernels/bit_rows.h"
#include "engine/kernels/fixed_point.h"
#include "engine/kernels/prepared.h"
#include "engine/kernels/sets.h"

namespace kwsd {
namespace {

BitLayer prepare_bits(const BitMatrix& weights) {
  return {prepared_from(weights.words), weights.rows, weights.cols};
}

Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int /*inputs*/) {
  return prepared_from(at_least);
}

Int8Layer prepare_int8(std::span<const std::int8_t> weights, int outputs, int inputs) {
  return {prepared_from(weights), outputs, inputs};
}

/// K - 2 * popcount(a ^ w) of one row of each.
int dot(const BitLayer& layer, int n, BitRows a, int t) noexcept {
  const int words = BitMatrix::row_words_for(layer.inputs);
  int differing = 0;
  for (int word = 0; word < words; ++word) {
    differing += std::popcount(a.words[t * words + word] ^
                               prepared_as<std::uint64_t>(layer.weights)[n * words + word]);
  }
  return layer.inputs - 2 * differing;
}

void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dots) noexcept {
  for (int t = 0; t < a.count; ++t) {
    for (int n = 0; n < layer.outputs; ++n) {
      dots[t * layer.outputs + n] = static_cast<std::int16_t>(dot(layer, n, a, t));
    }
  }
}

void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept {
  const int out_words = BitMatrix::row_words_for(layer.outputs);
  for (int t = 0; t < a.count; ++t) {
    std::uint64_t* row = out + t * out_words;
    std::fill_n(row, out_words, 0U);
    for (int n = 0; n < layer.outputs; ++n) {
      if (dot(layer, n, a, t) >= prepared_as<std::int16_t>(thresholds)[n]) {
        set_bit(row, n);
      }
    }
  }
}

void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept {
  const int stride = residual_stride(a.count);
  for (int n = 0; n < layer.outputs; ++n) {
    const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(n)];
    for (int t = 0; t < a.count; ++t) {
      const std::int16_t u = scale16(dot(layer, n, a, t), affine.shift);
      const std::int16_t v = add16(mul_q15(u, channel.mult), channel.bias);
      std::int16_t& x = residual[n * stride + t];
      x = add16(x, prelu16(v, channel.slope));
    }
  }
}

void memory(const MemoryFilter& filter, Residual residual, std::uint64_t* bits) noexcept {
  const int words = BitMatrix::row_words_for(residual.channels);
  const int steps = residual.steps;
  const Affine& affine = filter.affine;
  std::fill_n(bits, steps * words, 0U);
  for (int c = 0; c < residual.channels; ++c) {
    std::int16_t* x = residual.values + c * residual.stride();
    const std::int16_t* taps = filter.taps + c * 8;
    const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(c)];
    std::int16_t before2 = 0;  // x[t - 2] and x[t - 1] before they were overwritten
    std::int16_t before1 = 0;
    for (int t = 0; t < steps; ++t) {
      const std::int16_t now = x[t];
      const std::int16_t window[5] = {before2, before1, now, t + 1 < steps ? x[t + 1] : std::int16_t{0},
                                      t + 2 < steps ? x[t + 2] : std::int16_t{0}};
      std::int16_t sum = mul_q15(window[0], taps[0]);
      for (int k = 1; k < 5; ++k) {
        sum = add16(sum, mul_q15(window[k], taps[k]));
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

void signs(ConstResidual residual, const std::int16_t* at_least, std::uint64_t* bits) noexcept {
  const int words = BitMatrix::row_words_for(residual.channels);
  std::fill_n(bits, residual.steps * words, 0U);
  for (int c = 0; c < residual.channels; ++c) {
    for (int t = 0; t < residual.steps; ++t) {
      if (residual.values[c * residual.stride() + t] >= at_least[c]) {
        set_bit(bits + t * words, c);
      }
    }
  }
}

void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept {
  for (int r = 0; r < a.count; ++r) {
    for (int n = 0; n < layer.outputs; ++n) {
      std::int32_t sum = 0;
      for (int k = 0; k < layer.inputs; ++k) {
        sum += prepared_as<std::int8_t>(layer.weights)[n * layer.inputs + k] * a.values[r * a.stride + k];
      }
      acc[r * layer.outputs + n] = sum;
    }
  }
}

void activate(const Activation& activation, const std::int32_t* acc, int positions,
              std::int16_t* out) noexcept {
  for (int i = 0; i < positions * activation.channels; ++i) {
    const int n = i % activation.channels;
    const std::int16_t u = mul_q15(scale16(acc[i], activation.shift), activation.mult[n]);
    out[i] = prelu16(add16(u, activation.bias[n]), activation.slope[n]);
  }
}

std::int8_t clamp8(std::int16_t v) noexcept {
  return static_cast<std::int8_t>(std::clamp<std::int16_t>(v, -127, 127));
}

void narrow(std::span<const std::int16_t> values, int shift, std::int8_t* out) noexcept {
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i] = clamp8(scale16(values[i], -shift));
  }
}

void quantize(const Affine& affine, ConstResidual residual, std::int8_t* flat) noexcept {
  for (int c = 0; c < residual.channels; ++c) {
    const ChannelAffine& channel = affine.channels[static_cast<std::size_t>(c)];
    for (int t = 0; t < residual.steps; ++t) {
      const std::int16_t x = residual.values[c * residual.stride() + t];
      const std::int16_t u = mul_q15(scale16(x, affine.shift), channel.mult);
      flat[c * residual.steps + t] = clamp8(add16(u, channel.bias));
    }
  }
}

/// Constant `index` of `count` of channel c (rows.h).
std::int16_t constant_of(const AlignedVector<std::int16_t>& constants, int count, int index, int c) noexcept {
  return constants[static_cast<std::size_t>((c / row_group * count + index) * row_group + c % row_group)];
}

void memory_rows(const RowFilter& filter, const std::int16_t* const* in, int steps, std::int16_t* const* out,
                 std::uint64_t* bits) noexcept {
  const int words = BitMatrix::row_words_for(filter.channels);
  std::fill_n(bits, steps * words, 0U);
  for (int i = 0; i < steps; ++i) {
    for (int c = 0; c < filter.channels; ++c) {
      const auto constant = [&](int index) { return constant_of(filter.constants, 8, index, c); };
      std::int16_t sum = mul_q15(in[i][c], constant(0));
      for (int k = 1; k < row_filter_taps; ++k) {
        sum = add16(sum, mul_q15(in[i + k][c], constant(k)));
      }
      const std::int16_t v = add16(scale16(sum, filter.shift), constant(5));
      out[i][c] = add16(in[i + 4 - filter.ahead][c], prelu16(v, constant(6)));
      if (out[i][c] >= constant(7)) {
        set_bit(bits + i * words, c);
      }
    }
  }
}

void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept {
  for (int t = 0; t < a.count; ++t) {
    for (int n = 0; n < layer.outputs; ++n) {
      const auto constant = [&](int index) { return constant_of(affine.constants, 3, index, n); };
      const std::int16_t u = scale16(dot(layer, n, a, t), affine.shift);
      const std::int16_t v = add16(mul_q15(u, constant(0)), constant(1));
      rows[t][n] = add16(rows[t][n], prelu16(v, constant(2)));
    }
  }
}

void quantize_row(const RowAffine& affine, const std::int16_t* row, std::int8_t* out) noexcept {
  for (int c = 0; c < affine.channels; ++c) {
    const auto constant = [&](int index) { return constant_of(affine.constants, 3, index, c); };
    out[c] = clamp8(add16(mul_q15(scale16(row[c], affine.shift), constant(0)), constant(1)));
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
    .memory_rows = memory_rows,
    .project_rows = project_rows,
    .quantize_row = quantize_row,
};

}  // namespace kwsd
