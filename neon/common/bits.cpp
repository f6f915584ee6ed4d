#include "neon/common/bits.h"

#include <algorithm>

#include "neon/common/rows.h"
#include "neon/common/tile.h"

namespace kwsd::neon {
namespace {

constexpr int lanes = 8;

int round_up8(int n) noexcept {
  return (n + lanes - 1) / lanes * lanes;
}

const std::uint8_t* bytes_of(const std::uint64_t* words) noexcept {
  return reinterpret_cast<const std::uint8_t*>(words);
}

// One function for each width of a row, and sinks copied into it: a compiler keeps in registers only values
// that no store can reach, and only in functions of moderate size.

/// Runs sink(t, n, popcounts of outputs n..n+7) for every step: eight weight rows stay in registers.
template <int Q, class Sink>
[[gnu::noinline]] void steps_of(int first, const std::uint8_t* rows, int outputs, int quads,
                                const std::uint8_t* a, int steps, Sink sink) noexcept {
  const Sink own = sink;
  for (int n = first; n < outputs; n += lanes) {
    for_each_vector<Q, lanes>(rows + n * quads * 16, lanes, a, steps, quads,
                              [own, n](int t, uint16x8_t counts) { own(t, n, counts); });
  }
}

template <class Sink>
void for_each_step(int first, const BitLayer& layer, BitRows a, Sink sink) noexcept {
  const int quads = quads_for(layer.inputs);
  with_quads(quads, [&](auto q) {
    steps_of<decltype(q)::value>(first, prepared_as<std::uint8_t>(layer.weights), layer.outputs, quads,
                                 bytes_of(a.words), a.count, sink);
  });
}

/// Runs sink(n, popcounts of eight steps) for every output: the activations stay in registers, lane = step.
/// With fewer steps, the lanes past the last repeat it.
template <int Q, class Sink>
[[gnu::noinline]] void outputs_of(const std::uint8_t* rows, int outputs, int quads, const std::uint8_t* a,
                                  int steps, Sink sink) noexcept {
  const Sink own = sink;
  for_each_vector<Q, lanes>(a, steps, rows, outputs, quads,
                            [own](int n, uint16x8_t counts) { own(n, counts); });
}

template <class Sink>
void for_each_output(const BitLayer& layer, BitRows a, Sink sink) noexcept {
  const int quads = quads_for(layer.inputs);
  with_quads(quads, [&](auto q) {
    outputs_of<decltype(q)::value>(prepared_as<std::uint8_t>(layer.weights), layer.outputs, quads,
                                   bytes_of(a.words), a.count, sink);
  });
}

}  // namespace

BitLayer prepare_bits(const BitMatrix& weights) {
  std::vector<std::uint64_t> rows(
      static_cast<std::size_t>((round_up8(weights.rows) + row_padding) * weights.row_words()));
  std::copy(weights.words.begin(), weights.words.end(), rows.begin());
  return {prepared_from(rows), weights.rows, weights.cols};
}

Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int inputs) {
  std::vector<std::int16_t> limits(static_cast<std::size_t>(round_up8(static_cast<int>(at_least.size()))),
                                   -1);
  for (std::size_t n = 0; n < at_least.size(); ++n) {
    // K - 2 p >= at_least  <=>  p <= floor((K - at_least) / 2); at_least <= K + 2 makes it at least -1.
    limits[n] = static_cast<std::int16_t>((inputs - at_least[n]) >> 1);
  }
  return prepared_from(limits);
}

void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept {
  bit_dots_from(0, layer, a, dot);
}

void bit_dots_from(int first, const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept {
  const int outputs = layer.outputs, inputs = layer.inputs;
  for_each_step(first, layer, a, [=](int t, int n, uint16x8_t differing_bits) {
    std::int16_t* out = dot + t * outputs + n;
    const int16x8_t dots = dot_of(differing_bits, inputs);
    if (n + lanes <= outputs) {
      vst1q_s16(out, dots);
      return;
    }
    std::int16_t last[lanes];
    vst1q_s16(last, dots);
    std::copy_n(last, outputs - n, out);
  });
}

void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept {
  constexpr std::uint16_t lane_bit[lanes] = {1, 2, 4, 8, 16, 32, 64, 128};
  const uint16x8_t bit = vld1q_u16(lane_bit);
  const auto* limits = prepared_as<std::int16_t>(thresholds);
  const int row_words = BitMatrix::row_words_for(layer.outputs);
  std::fill_n(out, a.count * row_words, 0U);
  for_each_step(0, layer, a, [=](int t, int n, uint16x8_t differing_bits) {
    const uint16x8_t set = vcleq_s16(vreinterpretq_s16_u16(differing_bits), vld1q_s16(limits + n));
    auto* row = reinterpret_cast<std::uint8_t*>(out + t * row_words);
    row[n / lanes] = static_cast<std::uint8_t>(vaddvq_u16(vandq_u16(set, bit)));
  });
}

void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept {
  const int outputs = layer.outputs, inputs = layer.inputs, steps = a.count;
  const int stride = residual_stride(steps);
  const int row_words = BitMatrix::row_words_for(inputs);
  const int16x8_t shift = vdupq_n_s16(affine.shift);
  const ChannelAffine* channels = affine.channels.data();
  int t = 0;
  for (; t + 1 < steps; t += lanes) {
    const int count = std::min(lanes, steps - t);
    for_each_output(layer, {a.words + t * row_words, count}, [=](int n, uint16x8_t differing_bits) {
      add_to_residual(dot_of(differing_bits, inputs), shift, channels[n], residual + n * stride + t);
    });
  }
  if (t >= steps) {
    return;
  }
  // One step left: lane = output.
  for_each_step(0, layer, {a.words + t * row_words, steps - t}, [=](int i, int n, uint16x8_t bits) {
    std::int16_t dots[lanes];
    vst1q_s16(dots, vqshlq_s16(dot_of(bits, inputs), shift));
    for (int j = 0; j < std::min(lanes, outputs - n); ++j) {
      const ChannelAffine& channel = channels[n + j];
      const std::int16_t v = vqaddh_s16(vqrdmulhh_s16(dots[j], channel.mult), channel.bias);
      std::int16_t& x = residual[(n + j) * stride + t + i];
      x = vqaddh_s16(x, v >= 0 ? v : vqrdmulhh_s16(v, channel.slope));
    }
  });
}

void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept {
  const int16x8_t shift = vdupq_n_s16(static_cast<std::int16_t>(affine.shift));
  const std::int16_t* constants = affine.constants.data();
  for_each_step(0, layer, a, [=, inputs = layer.inputs](int t, int n, uint16x8_t differing_bits) {
    add_to_row(dot_of(differing_bits, inputs), shift, constants + n * 3, rows[t] + n);
  });
}

}  // namespace kwsd::neon
