// FBCK, the Fast Bitwise Computation Kernel of the BiFSMN paper (IJCAI 2022, section 3.4), as published.
//
// Channels are packed into INT16 words; one round multiplies one word of 4 inputs with the same word of 16
// others. The 32 vector registers are divided as the paper divides them:
//
//   v0        8 packed INT16, staged for two rounds     | kept by the compiler in this order of use;
//   A v1-v4   4 steps, each DUPed over 8 lanes          | the counts are the paper's, the numbers are
//   B v5-v6   16 outputs, one INT16 a lane              | the compiler's
//   C v7-v14  EOR, then CNT                             |
//   D v15-v22 byte sums: ADD C (unsigned: 16 rounds of 8 are 128)
//   E v23-v30 int16 sums: after 16 rounds, UADALP D
//   v31       spare
//
// The parts that FBCK does not cover (thresholds, BN, PReLU, memory filter) are the plain int16 code of the
// other sets.
#include <algorithm>

#include "engine/kernels/sets.h"
#include "neon/common/int16_layers.h"
#include "neon/common/rows.h"
#include "neon/common/tiles.h"

namespace kwsd {
namespace {

using namespace neon::tiles;
constexpr int widen_after = 16;     // rounds
constexpr int staged_rounds = 128;  // rounds of packed activations on the stack at a time: 2048 channels

int rounds_for(int inputs) noexcept {
  return neon::quads_for(inputs) * 8;
}

/// [outputs / 16][rounds][16] INT16, zero rows past `outputs`.
BitLayer prepare_bits(const BitMatrix& weights) {
  const int rounds = rounds_for(weights.cols);
  const int tiles = (weights.rows + tile_outputs - 1) / tile_outputs;
  std::vector<std::uint16_t> packed(static_cast<std::size_t>(tiles * rounds * tile_outputs));
  for (int n = 0; n < weights.rows; ++n) {
    for (int round = 0; round < rounds; ++round) {
      const std::uint64_t word = weights.words[static_cast<std::size_t>(n * weights.row_words() + round / 4)];
      packed[static_cast<std::size_t>(((n / tile_outputs) * rounds + round) * tile_outputs +
                                      n % tile_outputs)] =
          static_cast<std::uint16_t>(word >> (16 * (round % 4)));
    }
  }
  return {prepared_from(packed), weights.rows, weights.cols};
}

/// Packs rows of bits as FBCK reads them: [rounds][4 steps] INT16. Missing steps repeat the last one.
void pack_steps(const std::uint64_t* a, int row_words, int steps, int rounds,
                std::uint16_t* packed) noexcept {
  const std::uint16_t* row[tile_steps];
  for (int t = 0; t < tile_steps; ++t) {
    row[t] = reinterpret_cast<const std::uint16_t*>(a + std::min(t, steps - 1) * row_words);
  }
  for (int round = 0; round < rounds; round += 8) {
    const uint16x8x4_t words = {{vld1q_u16(row[0] + round), vld1q_u16(row[1] + round),
                                 vld1q_u16(row[2] + round), vld1q_u16(row[3] + round)}};
    vst4q_u16(packed + round * tile_steps, words);
  }
}

/// Partition E: [step][half] popcounts of 4 steps and 16 outputs.
struct Sums {
  uint16x8_t e[tile_steps][2];
};

inline uint8x16_t differing(uint16x8_t a, uint16x8_t b) noexcept {
  return vcntq_u8(vreinterpretq_u8_u16(veorq_u16(a, b)));
}

/// One round: A from lanes Lane .. Lane + 3 of the staged register, B from memory, C into D, or as D.
template <int Lane, bool First = false>
inline void round_of(uint16x8_t staged, const std::uint16_t* b, uint8x16_t (&d)[tile_steps][2]) noexcept {
  const uint16x8_t a[tile_steps] = {vdupq_laneq_u16(staged, Lane), vdupq_laneq_u16(staged, Lane + 1),
                                    vdupq_laneq_u16(staged, Lane + 2), vdupq_laneq_u16(staged, Lane + 3)};
  const uint16x8_t b0 = vld1q_u16(b);
  const uint16x8_t b1 = vld1q_u16(b + 8);
  for (int t = 0; t < tile_steps; ++t) {
    d[t][0] = First ? differing(a[t], b0) : vaddq_u8(d[t][0], differing(a[t], b0));
  }
  for (int t = 0; t < tile_steps; ++t) {
    d[t][1] = First ? differing(a[t], b1) : vaddq_u8(d[t][1], differing(a[t], b1));
  }
}

/// Partition D: byte sums of at most widen_after rounds.
struct ByteSums {
  uint8x16_t d[tile_steps][2];
};

inline ByteSums rounds_of(const std::uint16_t* a, const std::uint16_t* b, int rounds) noexcept {
  ByteSums sums;
  uint16x8_t staged = vld1q_u16(a);
  round_of<0, true>(staged, b, sums.d);
  round_of<4>(staged, b + tile_outputs, sums.d);
  for (int round = 2; round < rounds; round += 2) {
    staged = vld1q_u16(a + round * tile_steps);
    round_of<0>(staged, b + round * tile_outputs, sums.d);
    round_of<4>(staged, b + (round + 1) * tile_outputs, sums.d);
  }
  return sums;
}

/// One tile of rows that the stack holds, up to widen_after rounds: E is D, widened once.
inline Sums short_tile(const std::uint16_t* a, const std::uint16_t* b, int rounds) noexcept {
  const ByteSums bytes = rounds_of(a, b, rounds);
  Sums sums;
  for (int t = 0; t < tile_steps; ++t) {
    sums.e[t][0] = vpaddlq_u8(bytes.d[t][0]);
    sums.e[t][1] = vpaddlq_u8(bytes.d[t][1]);
  }
  return sums;
}

/// One tile of longer rows. Those that the stack does not hold are packed again for each tile.
[[gnu::noinline]] Sums long_tile(const std::uint64_t* a, int row_words, int valid, int rounds,
                                 std::uint16_t* packed, const std::uint16_t* b) noexcept {
  Sums sums{};
  for (int first = 0; first < rounds; first += widen_after) {
    const int staged = first % staged_rounds;
    if (rounds > staged_rounds && staged == 0) {
      pack_steps(a + first / 4, row_words, valid, std::min(staged_rounds, rounds - first), packed);
    }
    const ByteSums bytes = rounds_of(packed + staged * tile_steps, b + first * tile_outputs,
                                     std::min(widen_after, rounds - first));
    for (int t = 0; t < tile_steps; ++t) {
      sums.e[t][0] = vpadalq_u8(sums.e[t][0], bytes.d[t][0]);
      sums.e[t][1] = vpadalq_u8(sums.e[t][1], bytes.d[t][1]);
    }
  }
  return sums;
}

struct Product {
  template <class Sink>
  static void for_each_tile(const BitLayer& layer, BitRows rows, Sink sink) noexcept {
    const int outputs = layer.outputs, inputs = layer.inputs, steps = rows.count;
    const std::uint64_t* a = rows.words;
    const int rounds = rounds_for(inputs);
    const int row_words = BitMatrix::row_words_for(inputs);
    alignas(16) std::uint16_t packed[staged_rounds * tile_steps];
    for (int t = 0; t < steps; t += tile_steps) {
      const int valid = std::min(tile_steps, steps - t);
      if (rounds <= staged_rounds) {
        pack_steps(a + t * row_words, row_words, valid, rounds, packed);
      }
      for (int n = 0; n < outputs; n += tile_outputs) {
        const std::uint16_t* b = prepared_as<std::uint16_t>(layer.weights) + n * rounds;
        const Sums sums = rounds <= widen_after
                              ? short_tile(packed, b, rounds)
                              : long_tile(a + t * row_words, row_words, valid, rounds, packed, b);
        Dots dots;
        for (int i = 0; i < tile_steps; ++i) {
          dots.of[i][0] = dot_of(sums.e[i][0], inputs);
          dots.of[i][1] = dot_of(sums.e[i][1], inputs);
        }
        sink(t, valid, n, dots);
      }
    }
  }
};

}  // namespace

const Kernels fbck_kernels{
    .name = "fbck",
    .description = "FBCK as published (NEON, INT16 words, EOR/CNT/ADD/UADALP)",
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
