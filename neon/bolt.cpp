// The 1-bit product in the manner of Bolt, for comparison: outputs are the lanes, 8 channels of 16 outputs a
// register; each step's byte of channels is loaded into all lanes (LD1R), then EOR, CNT and ADD into byte
// sums, which are widened every 16 rounds. Written from the description, not from the code: Bolt's own kernel
// continues in fp16, which a Cortex-A53 does not have; here the rest is that of the other published kernels
// (common/tiles.h).
#include "engine/kernels/sets.h"
#include "neon/common/int16_layers.h"
#include "neon/common/tiles.h"

namespace kwsd {
namespace {

using namespace neon::tiles;

constexpr int widen_after = 16;  // rounds of 8 channels; 31 would fit a byte

int rounds_for(int inputs) noexcept {
  return neon::quads_for(inputs) * 16;
}

/// [outputs / 16][rounds][16 outputs] bytes of 8 channels, zero past `outputs`.
BitLayer prepare_bits(const BitMatrix& weights) {
  const int rounds = rounds_for(weights.cols);
  const int tiles = (weights.rows + tile_outputs - 1) / tile_outputs;
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(tiles * rounds * tile_outputs));
  for (int n = 0; n < weights.rows; ++n) {
    const auto* row = reinterpret_cast<const std::uint8_t*>(weights.words.data() + n * weights.row_words());
    for (int round = 0; round < weights.row_words() * 8; ++round) {
      packed[static_cast<std::size_t>(((n / tile_outputs) * rounds + round) * tile_outputs +
                                      n % tile_outputs)] = row[round];
    }
  }
  return {prepared_from(packed), weights.rows, weights.cols};
}

struct Product {
  template <class Sink>
  static void for_each_tile(const BitLayer& layer, BitRows rows, Sink sink) noexcept {
    const int rounds = rounds_for(layer.inputs);
    const int row_words = BitMatrix::row_words_for(layer.inputs);
    for (int t = 0; t < rows.count; t += tile_steps) {
      const int valid = std::min(tile_steps, rows.count - t);
      const std::uint8_t* a[tile_steps];
      for (int i = 0; i < tile_steps; ++i) {
        a[i] = reinterpret_cast<const std::uint8_t*>(rows.words + (t + std::min(i, valid - 1)) * row_words);
      }
      for (int n = 0; n < layer.outputs; n += tile_outputs) {
        const auto* b = prepared_as<std::uint8_t>(layer.weights) + n * rounds;
        uint16x8_t sums[tile_steps][2] = {};
        for (int first = 0; first < rounds; first += widen_after) {
          uint8x16_t bytes[tile_steps] = {};
          for (int round = first; round < first + widen_after; ++round) {
            const uint8x16_t w = vld1q_u8(b + round * tile_outputs);
            for (int i = 0; i < tile_steps; ++i) {
              bytes[i] = vaddq_u8(bytes[i], vcntq_u8(veorq_u8(vld1q_dup_u8(a[i] + round), w)));
            }
          }
          for (int i = 0; i < tile_steps; ++i) {
            sums[i][0] = vaddw_u8(sums[i][0], vget_low_u8(bytes[i]));
            sums[i][1] = vaddw_high_u8(sums[i][1], bytes[i]);
          }
        }
        Dots dots;
        for (int i = 0; i < tile_steps; ++i) {
          dots.of[i][0] = dot_of(sums[i][0], layer.inputs);
          dots.of[i][1] = dot_of(sums[i][1], layer.inputs);
        }
        sink(t, valid, n, dots);
      }
    }
  }
};

}  // namespace

const Kernels bolt_kernels{
    .name = "bolt",
    .description = "Bolt's kind, for comparison (NEON, outputs as lanes, LD1R/EOR/CNT/ADD)",
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
