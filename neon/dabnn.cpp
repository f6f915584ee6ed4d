// The 1-bit product as daBNN describes it (Zhang et al., ACM Multimedia 2019), for comparison: for each step
// and output, 128 channels at a time, EOR, CNT and UADALP into int16 lanes, which ADDV adds up at the end.
// Written from the description, not from the code; the code after the product is that of the other published
// kernels (common/tiles.h).
//
// Registers: 16 sums of 4 steps and 4 outputs, 4 of activations, 4 of weights.
#include "engine/kernels/sets.h"
#include "neon/common/int16_layers.h"
#include "neon/common/tiles.h"

namespace kwsd {
namespace {

using namespace neon::tiles;

constexpr int group_outputs = 4;

/// [outputs up to 16][inputs up to 128] bits, zero rows past `outputs`.
BitLayer prepare_bits(const BitMatrix& weights) {
  const auto row_bytes = static_cast<std::size_t>(neon::quads_for(weights.cols)) * 16;
  const auto rows = static_cast<std::size_t>((weights.rows + tile_outputs - 1) / tile_outputs * tile_outputs);
  std::vector<std::uint8_t> packed(rows * row_bytes);
  for (int n = 0; n < weights.rows; ++n) {
    std::memcpy(packed.data() + static_cast<std::size_t>(n) * row_bytes,
                weights.words.data() + n * weights.row_words(),
                static_cast<std::size_t>(weights.row_words()) * 8);
  }
  return {prepared_from(packed), weights.rows, weights.cols};
}

/// Popcounts of 4 steps and 4 outputs, [step][output].
inline void count_group(const std::uint8_t* const (&a)[tile_steps], const std::uint8_t* b, int quads,
                        std::uint16_t (*counts)[tile_outputs]) noexcept {
  uint16x8_t sums[tile_steps][group_outputs] = {};
  for (int quad = 0; quad < quads; ++quad) {
    uint8x16_t w[group_outputs];
    for (int n = 0; n < group_outputs; ++n) {
      w[n] = vld1q_u8(b + (n * quads + quad) * 16);
    }
    for (int t = 0; t < tile_steps; ++t) {
      const uint8x16_t x = vld1q_u8(a[t] + quad * 16);
      for (int n = 0; n < group_outputs; ++n) {
        sums[t][n] = vpadalq_u8(sums[t][n], vcntq_u8(veorq_u8(x, w[n])));
      }
    }
  }
  for (int t = 0; t < tile_steps; ++t) {
    for (int n = 0; n < group_outputs; ++n) {
      counts[t][n] = vaddvq_u16(sums[t][n]);
    }
  }
}

struct Product {
  template <class Sink>
  static void for_each_tile(const BitLayer& layer, BitRows rows, Sink sink) noexcept {
    const int quads = neon::quads_for(layer.inputs);
    const int row_words = BitMatrix::row_words_for(layer.inputs);
    for (int t = 0; t < rows.count; t += tile_steps) {
      const int valid = std::min(tile_steps, rows.count - t);
      const std::uint8_t* a[tile_steps];
      for (int i = 0; i < tile_steps; ++i) {
        a[i] = reinterpret_cast<const std::uint8_t*>(rows.words + (t + std::min(i, valid - 1)) * row_words);
      }
      for (int n = 0; n < layer.outputs; n += tile_outputs) {
        std::uint16_t counts[tile_steps][tile_outputs];
        const auto* b = prepared_as<std::uint8_t>(layer.weights) + n * quads * 16;
        for (int g = 0; g < tile_outputs; g += group_outputs) {
          count_group(a, b + g * quads * 16, quads,
                      reinterpret_cast<std::uint16_t(*)[tile_outputs]>(&counts[0][g]));
        }
        Dots dots;
        for (int i = 0; i < tile_steps; ++i) {
          dots.of[i][0] = dot_of(vld1q_u16(counts[i]), layer.inputs);
          dots.of[i][1] = dot_of(vld1q_u16(counts[i] + 8), layer.inputs);
        }
        sink(t, valid, n, dots);
      }
    }
  }
};

}  // namespace

const Kernels dabnn_kernels{
    .name = "dabnn",
    .description = "daBNN as described, for comparison (NEON, EOR/CNT/UADALP, ADDV)",
    .supported = []() noexcept { return true; },
    .suits = []() noexcept { return false; },
    .prepare_bits = prepare_bits,
    .prepare_thresholds = prepare_thresholds,
    .prepare_int8 = neon::prepare_int8,
    .bit_dots = bit_dots<Product>,
    .expand = expand<Product>,
    .project = project<Product>,
    .memory = neon::memory,
    .signs = neon::signs,
    .int8_dots = neon::int8_dots,
    .activate = neon::activate,
    .narrow = neon::narrow,
    .quantize = neon::quantize,
    .memory_rows = neon::memory_rows,
    .project_rows = project_rows<Product>,
    .quantize_row = neon::quantize_row,
};

}  // namespace kwsd
