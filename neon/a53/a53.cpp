// The set for in-order cores (Cortex-A53, A55): scheduled assembly for rows of up to 256 bits, which are the
// layers of the shipped models, plain intrinsics for longer rows.
#include <algorithm>
#include <array>

#include "engine/kernels/sets.h"
#include "neon/common/bits.h"
#include "neon/common/cpu.h"
#include "neon/common/int16_layers.h"
#include "neon/common/rows.h"
#include "neon/common/vec.h"

// The register maps and contracts are above the assembly.
extern "C" {
using ExpandFunction = void(const std::byte* weights, const std::byte* limits, int groups,
                            const std::uint64_t* a, std::uint64_t* out, std::ptrdiff_t out_row_bytes);
using DotsFunction = void(const std::byte* weights, int constant, int tiles, const std::uint64_t* a,
                          std::int16_t* dot, std::ptrdiff_t dot_row_bytes);
using ProjectFunction = void(const std::byte* weights, const kwsd::ChannelAffine* channels, int outputs,
                             const std::uint64_t* a, std::int16_t* residual, std::ptrdiff_t row_bytes,
                             std::uint32_t scale);
using MemoryFunction = void(const std::int16_t* taps, const kwsd::ChannelAffine* channels,
                            std::ptrdiff_t count, std::int16_t* residual, std::uint64_t* bits,
                            std::ptrdiff_t row_bytes, int shift);
using Int8Function = void(const std::int8_t* weights, std::ptrdiff_t row_bytes, std::ptrdiff_t tiles,
                          const std::int8_t* a, std::ptrdiff_t a_stride, std::int32_t* out,
                          std::ptrdiff_t out_row_bytes);
Int8Function kwsd_a53_int8_1, kwsd_a53_int8_4;
MemoryFunction kwsd_a53_memory_8;
using MemoryRowsFunction = void(const std::int16_t* constants, std::ptrdiff_t groups,
                                const std::int16_t* const* in, std::int16_t* const* out, std::uint64_t* bits,
                                std::ptrdiff_t row_bytes, int shift);
MemoryRowsFunction kwsd_a53_memory_rows_1, kwsd_a53_memory_rows_2;
using ProjectRowsFunction = void(const std::byte* weights, const std::int16_t* constants, int tiles,
                                 const std::uint64_t* a, std::int16_t* const* rows, int largest,
                                 int shift_of_count);
ProjectRowsFunction kwsd_a53_project_rows_2, kwsd_a53_project_rows_4;
ExpandFunction kwsd_a53_expand_1, kwsd_a53_expand_2, kwsd_a53_expand_3, kwsd_a53_expand_4, kwsd_a53_expand_5,
    kwsd_a53_expand_6, kwsd_a53_expand_7, kwsd_a53_expand_8;
DotsFunction kwsd_a53_dots128_1, kwsd_a53_dots128_2, kwsd_a53_dots128_3, kwsd_a53_dots128_4,
    kwsd_a53_dots128_5, kwsd_a53_dots128_6, kwsd_a53_dots128_7, kwsd_a53_dots128_8;
DotsFunction kwsd_a53_dots256_1, kwsd_a53_dots256_2, kwsd_a53_dots256_3, kwsd_a53_dots256_4;
ProjectFunction kwsd_a53_project_1, kwsd_a53_project_2, kwsd_a53_project_3, kwsd_a53_project_4,
    kwsd_a53_project_5, kwsd_a53_project_6, kwsd_a53_project_7, kwsd_a53_project_8;
}

// Preconditions of the assembly.
static_assert(sizeof(kwsd::ChannelAffine) == 8);
static_assert(offsetof(kwsd::ChannelAffine, mult) == 0 && offsetof(kwsd::ChannelAffine, bias) == 2 &&
              offsetof(kwsd::ChannelAffine, slope) == 4 && offsetof(kwsd::ChannelAffine, sign_at_least) == 6);

namespace kwsd {
namespace {

/// Functions by number of steps, 1 first.
constexpr std::array expand_steps{kwsd_a53_expand_1, kwsd_a53_expand_2, kwsd_a53_expand_3, kwsd_a53_expand_4,
                                  kwsd_a53_expand_5, kwsd_a53_expand_6, kwsd_a53_expand_7, kwsd_a53_expand_8};
constexpr std::array dots128_steps{kwsd_a53_dots128_1, kwsd_a53_dots128_2, kwsd_a53_dots128_3,
                                   kwsd_a53_dots128_4, kwsd_a53_dots128_5, kwsd_a53_dots128_6,
                                   kwsd_a53_dots128_7, kwsd_a53_dots128_8};
constexpr std::array dots256_steps{kwsd_a53_dots256_1, kwsd_a53_dots256_2, kwsd_a53_dots256_3,
                                   kwsd_a53_dots256_4};
constexpr std::array project_steps{kwsd_a53_project_1, kwsd_a53_project_2, kwsd_a53_project_3,
                                   kwsd_a53_project_4, kwsd_a53_project_5, kwsd_a53_project_6,
                                   kwsd_a53_project_7, kwsd_a53_project_8};

constexpr int group = 64;  // outputs of expand that make one word of bits

constexpr int groups_for(int outputs) noexcept {
  return (outputs + group - 1) / group;
}

/// Whether expand runs in assembly: rows of one register, and enough outputs to fill half a group.
constexpr bool expands_in_groups(int outputs, int inputs) noexcept {
  return neon::quads_for(inputs) == 1 && outputs >= group / 2;
}

/// Row (tile j, lane i) of a group is output 8 * i + j: bit j of byte i.
constexpr int output_of(int row) noexcept {
  return row / group * group + row % 8 * 8 + row % group / 8;
}

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

/// The rows of neon::prepare_bits; then, where expand runs in assembly, the rows by tiles of groups and one
/// tile more.
BitLayer prepare_bits(const BitMatrix& weights) {
  BitLayer layer = neon::prepare_bits(weights);
  if (!expands_in_groups(weights.rows, weights.cols)) {
    return layer;
  }
  constexpr int row_bytes = 16;
  Prepared& rows = layer.weights;
  const std::size_t start = rows.size();
  rows.resize(start + size((groups_for(weights.rows) * group + 8) * row_bytes));
  for (int row = 0; row < groups_for(weights.rows) * group; ++row) {
    if (output_of(row) < weights.rows) {
      std::copy_n(rows.begin() + output_of(row) * row_bytes, row_bytes,
                  rows.begin() + static_cast<std::ptrdiff_t>(start) + row * row_bytes);
    }
  }
  return layer;
}

/// Where expand runs in assembly: bytes, bit = limit > popcount, in the order of its rows.
Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int inputs) {
  const int outputs = static_cast<int>(at_least.size());
  if (!expands_in_groups(outputs, inputs)) {
    return neon::prepare_thresholds(at_least, inputs);
  }
  Prepared limits(size(groups_for(outputs) * group + 8));
  for (int row = 0; row < groups_for(outputs) * group; ++row) {
    if (output_of(row) < outputs) {
      // K - 2 p >= at_least  <=>  p <= (K - at_least) / 2, rounded down
      limits[size(row)] = static_cast<std::byte>(((inputs - at_least[size(output_of(row))]) >> 1) + 1);
    }
  }
  return limits;
}

/// Runs f(first step, how many) over blocks of at most `block` steps.
template <class F>
void for_blocks(int steps, int block, F f) noexcept {
  for (int t = 0; t < steps; t += block) {
    f(t, std::min(block, steps - t));
  }
}

void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept {
  const int outputs = layer.outputs, inputs = layer.inputs;
  const int quads = neon::quads_for(inputs);
  const bool one = quads == 1 && inputs % 2 == 0;  // its results are doubled bytes
  const int tile = one ? 8 : 4;
  const int tiles = one || quads == 2 ? outputs / tile : 0;
  if (tiles > 0) {
    for_blocks(a.count, tile, [&](int t, int count) {
      const auto function = one ? dots128_steps[size(count - 1)] : dots256_steps[size(count - 1)];
      function(layer.weights.data(), one ? inputs / 2 : inputs, tiles, a.words + t * 2 * quads,
               dot + t * outputs, outputs * std::ptrdiff_t{sizeof(std::int16_t)});
    });
  }
  if (tiles * tile < outputs) {
    neon::bit_dots_from(tiles * tile, layer, a, dot);
  }
}

void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept {
  const int outputs = layer.outputs, steps = a.count;
  if (!expands_in_groups(outputs, layer.inputs)) {
    neon::expand(layer, thresholds, a, out);
    return;
  }
  const int row_words = BitMatrix::row_words_for(outputs);
  const int groups = groups_for(outputs);
  const std::byte* rows = layer.weights.data() + layer.weights.size() - size((groups * group + 8) * 16);
  for_blocks(steps, 8, [&](int t, int count) {
    expand_steps[size(count - 1)](rows, thresholds.data(), groups, a.words + t * 2, out + t * row_words,
                                  row_words * std::ptrdiff_t{sizeof(std::uint64_t)});
  });
  for (int t = 0; groups < row_words && t < steps; ++t) {
    out[t * row_words + groups] = 0;
  }
}

void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept {
  const int steps = a.count;
  const int largest = layer.inputs << affine.shift;  // of u: the assembly does not saturate it
  if (neon::quads_for(layer.inputs) != 2 || largest > INT16_MAX) {
    neon::project(layer, affine, a, residual);
    return;
  }
  const auto scale = (2U << affine.shift) | static_cast<std::uint32_t>(largest) << 16;
  for_blocks(steps, 8, [&](int t, int count) {
    project_steps[size(count - 1)](layer.weights.data(), affine.channels.data(), layer.outputs,
                                   a.words + t * 4, residual + t,
                                   residual_stride(steps) * std::ptrdiff_t{sizeof(std::int16_t)}, scale);
  });
}

void memory(const MemoryFilter& filter, Residual x, std::uint64_t* bits) noexcept {
  constexpr int together = 16;
  if (x.steps != 8 || x.channels % together != 0) {
    neon::memory(filter, x, bits);
    return;
  }
  const int row_words = BitMatrix::row_words_for(x.channels);
  std::fill_n(bits, x.steps * row_words, 0U);
  kwsd_a53_memory_8(filter.taps, filter.affine.channels.data(), x.channels, x.values, bits,
                    row_words * std::ptrdiff_t{sizeof(std::uint64_t)}, filter.affine.shift);
}

/// Two steps at a time where the filter is causal.
void memory_rows(const RowFilter& filter, const std::int16_t* const* in, int steps, std::int16_t* const* out,
                 std::uint64_t* bits) noexcept {
  constexpr int together = 16;
  if (filter.ahead != 0) {
    neon::memory_rows(filter, in, steps, out, bits);
    return;
  }
  const int row_words = BitMatrix::row_words_for(filter.channels);
  if (filter.channels % 128 != 0) {
    std::fill_n(bits, steps * row_words, 0U);
  }
  for_blocks(steps, 2, [&](int t, int count) {
    const auto function = count == 2 ? kwsd_a53_memory_rows_2 : kwsd_a53_memory_rows_1;
    function(filter.constants.data(), (filter.channels + together - 1) / together, in + t, out + t,
             bits + t * row_words, row_words * std::ptrdiff_t{sizeof(std::uint64_t)}, filter.shift);
  });
}

/// Four and two steps at a time where the weights are rows of two registers.
void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept {
  const int largest = layer.inputs << affine.shift;  // of u: the assembly does not saturate it
  int t = 0;
  if (neon::quads_for(layer.inputs) == 2 && largest <= INT16_MAX) {
    for (; t + 2 <= a.count;) {
      const bool four = t + 4 <= a.count;
      (four ? kwsd_a53_project_rows_4 : kwsd_a53_project_rows_2)(
          layer.weights.data(), affine.constants.data(), (layer.outputs + 3) / 4, a.words + t * 4, rows + t,
          largest, affine.shift + 1);
      t += four ? 4 : 2;
    }
  }
  if (t < a.count) {
    neon::project_rows(layer, affine, {a.words + t * BitMatrix::row_words_for(layer.inputs), a.count - t},
                       rows + t);
  }
}

/// All outputs of Rows rows; outputs that do not fill a tile go through a copy.
template <int Rows>
void int8_rows(const std::int8_t* weights, int outputs, int row_bytes, const std::int8_t* a, int a_stride,
               std::int32_t* acc) noexcept {
  constexpr int tile = neon::int8_tile;
  constexpr std::ptrdiff_t int32_bytes = sizeof(std::int32_t);
  const auto function = Rows == 4 ? kwsd_a53_int8_4 : kwsd_a53_int8_1;
  const int whole = outputs / tile * tile;
  if (whole > 0) {
    function(weights, row_bytes, whole / tile, a, a_stride, acc, outputs * int32_bytes);
  }
  if (whole < outputs) {
    std::int32_t last[static_cast<std::size_t>(Rows * tile)];
    function(weights + whole * row_bytes, row_bytes, 1, a, a_stride, last, tile * int32_bytes);
    for (int r = 0; r < Rows; ++r) {
      std::copy_n(last + r * tile, outputs - whole, acc + r * outputs + whole);
    }
  }
}

void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept {
  const int outputs = layer.outputs, inputs = layer.inputs, rows = a.count;
  const int together = prepared_as<neon::Int8Header>(layer.weights)->group;
  // Too large for the assembly; or so small that intrinsics need fewer operations.
  if (together == 1 || (together == 8 && inputs >= 8 * 8)) {
    neon::int8_dots(layer, a, acc);
    return;
  }
  const std::int8_t* w = prepared_as<std::int8_t>(layer.weights) + sizeof(neon::Int8Header);
  const int row_bytes = (inputs + neon::int8_chunk - 1) / neon::int8_chunk * neon::int8_chunk;
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    int8_rows<4>(w, outputs, row_bytes, a.values + r * a.stride, a.stride, acc + r * outputs);
  }
  for (; r < rows; ++r) {
    int8_rows<1>(w, outputs, row_bytes, a.values + r * a.stride, a.stride, acc + r * outputs);
  }
}

}  // namespace

const Kernels a53_kernels{
    .name = "a53",
    .description = "NEON assembly scheduled for in-order cores (Cortex-A53, A55)",
    .supported = []() noexcept { return true; },
    .suits = neon::in_order_cpu,
    .prepare_bits = prepare_bits,
    .prepare_thresholds = prepare_thresholds,
    .prepare_int8 = neon::prepare_int8,
    .bit_dots = bit_dots,
    .expand = expand,
    .project = project,
    .memory = memory,
    .signs = neon::signs,
    .int8_dots = int8_dots,
    .activate = neon::activate,
    .narrow = neon::narrow,
    .quantize = neon::quantize,
    .memory_rows = memory_rows,
    .project_rows = project_rows,
    .quantize_row = neon::quantize_row,
};

}  // namespace kwsd
