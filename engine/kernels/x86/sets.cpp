// The sets `avx2` and `avx512`: prepare weights, unpack vectors, and query the CPU. Compiled for any x86-64.
#include <algorithm>

#include "engine/kernels/prepared.h"
#include "engine/kernels/sets.h"
#include "engine/kernels/x86/entries.h"

namespace kwsd {
namespace {

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

BitLayer prepare_bits_avx2(const BitMatrix& weights) {
  return prepare_bit_tiles(weights, {0, 1, 4, 5, 2, 3, 6, 7});
}

BitLayer prepare_bits_avx512(const BitMatrix& weights) {
  return prepare_bit_tiles(weights, {0, 1, 2, 3, 4, 5, 6, 7});
}

/// As limits of the popcount, padded with "never": K - 2 p >= at_least  <=>  p <= floor((K - at_least) / 2).
Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int inputs) {
  std::vector<std::int16_t> limits((at_least.size() + bit_tile - 1) / bit_tile * bit_tile, -1);
  std::transform(at_least.begin(), at_least.end(), limits.begin(),
                 [inputs](std::int16_t limit) { return static_cast<std::int16_t>((inputs - limit) >> 1); });
  return prepared_from(limits);
}

/// [outputs / 8][inputs / 2][8][2] int16.
Int8Layer prepare_int8_avx2(std::span<const std::int8_t> weights, int outputs, int inputs) {
  constexpr int group = x86::avx2_int8_outputs;
  const int pairs = (inputs + 1) / 2;
  std::vector<std::int16_t> out(size((outputs + group - 1) / group * pairs * group * 2));
  for (int n = 0; n < outputs; ++n) {
    for (int k = 0; k < inputs; ++k) {
      out[size(((n / group * pairs + k / 2) * group + n % group) * 2 + k % 2)] =
          weights[size(n * inputs + k)];
    }
  }
  return {prepared_from(out), outputs, inputs};
}

/// [outputs / 16][inputs / 4][16][4] uint8: w + 128.
Int8Layer prepare_int8_avx512(std::span<const std::int8_t> weights, int outputs, int inputs) {
  constexpr int group = x86::avx512_int8_outputs;
  const int quads = (inputs + 3) / 4;
  Prepared out(size((outputs + group - 1) / group * quads * group * 4));
  for (int n = 0; n < outputs; ++n) {
    for (int k = 0; k < inputs; ++k) {
      out[size(((n / group * quads + k / 4) * group + n % group) * 4 + k % 4)] =
          static_cast<std::byte>(weights[size(n * inputs + k)] + 128);
    }
  }
  return {std::move(out), outputs, inputs};
}

x86::BitLayer layer_of(const BitLayer& layer) noexcept {
  return {prepared_as<std::uint64_t>(layer.weights), layer.outputs, layer.inputs};
}
x86::BitRows rows_of(const BitLayer& layer, BitRows a) noexcept {
  return {a.words, BitMatrix::row_words_for(layer.inputs), a.count};
}
x86::Channels channels_of(const Affine& affine) noexcept {
  static_assert(sizeof(ChannelAffine) == 4 * sizeof(std::int16_t));
  return {&affine.channels.data()->mult, affine.shift};
}

// The two sets differ only in the functions of entries.h that they call.

template <auto BitDots>
void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept {
  BitDots(layer_of(layer), rows_of(layer, a), dot);
}

template <auto Expand>
void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept {
  const int row_words = BitMatrix::row_words_for(layer.outputs);
  std::fill_n(out, a.count * row_words, 0U);
  Expand(layer_of(layer), prepared_as<std::int16_t>(thresholds), rows_of(layer, a),
         reinterpret_cast<std::uint8_t*>(out), row_words * 8);
}

template <auto Project>
void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept {
  Project(layer_of(layer), channels_of(affine), rows_of(layer, a), residual, residual_stride(a.count));
}

template <auto Int8Dots>
void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept {
  Int8Dots({layer.weights.data(), layer.outputs, layer.inputs}, {a.values, a.stride, a.count}, acc);
}

void pack_signs(ConstResidual x, const std::int16_t* at_least, int at_least_stride,
                std::uint64_t* bits) noexcept {
  const int row_words = BitMatrix::row_words_for(x.channels);
  std::fill_n(bits, x.steps * row_words, 0U);
  x86::avx2::signs(x.values, at_least, at_least_stride, x.channels, x.steps, x.stride(),
                   reinterpret_cast<std::uint8_t*>(bits), row_words * 8);
}

void signs(ConstResidual residual, const std::int16_t* at_least, std::uint64_t* bits) noexcept {
  pack_signs(residual, at_least, 1, bits);
}

void memory(const MemoryFilter& filter, Residual x, std::uint64_t* bits) noexcept {
  x86::avx2::memory(filter.taps, channels_of(filter.affine), x.channels, x.steps, x.stride(), x.values);
  pack_signs(x, &filter.affine.channels.data()->sign_at_least, 4, bits);
}

void memory_avx512(const MemoryFilter& filter, Residual x, std::uint64_t* bits) noexcept {
  if (x.steps > 8) {
    memory(filter, x, bits);
    return;
  }
  const int row_words = BitMatrix::row_words_for(x.channels);
  std::fill_n(bits, x.steps * row_words, 0U);
  x86::avx512::memory(filter.taps, channels_of(filter.affine), x.channels, x.steps, x.values, bits,
                      row_words);
}

void activate(const Activation& activation, const std::int32_t* acc, int positions,
              std::int16_t* out) noexcept {
  x86::avx2::activate(
      {activation.mult, activation.bias, activation.slope, activation.channels, activation.shift}, acc,
      positions, out);
}

void narrow(std::span<const std::int16_t> values, int shift, std::int8_t* out) noexcept {
  x86::avx2::narrow(values.data(), static_cast<int>(values.size()), shift, out);
}

void quantize(const Affine& affine, ConstResidual x, std::int8_t* flat) noexcept {
  x86::avx2::quantize(x.values, channels_of(affine), x.channels, x.steps, x.stride(), flat);
}

void memory_rows(const RowFilter& filter, const std::int16_t* const* in, int steps, std::int16_t* const* out,
                 std::uint64_t* bits) noexcept {
  const int row_words = BitMatrix::row_words_for(filter.channels);
  std::fill_n(bits, steps * row_words, 0U);
  x86::avx2::memory_rows({filter.constants.data(), filter.channels, filter.shift, filter.ahead}, in, steps,
                         out, reinterpret_cast<std::uint8_t*>(bits), row_words * 8);
}

template <auto ProjectRows>
void project_rows(const BitLayer& layer, const RowAffine& affine, BitRows a,
                  std::int16_t* const* rows) noexcept {
  ProjectRows(layer_of(layer), {affine.constants.data(), affine.channels, affine.shift, 0}, rows_of(layer, a),
              rows);
}

void quantize_row(const RowAffine& affine, const std::int16_t* row, std::int8_t* out) noexcept {
  x86::avx2::quantize_row({affine.constants.data(), affine.channels, affine.shift, 0}, row, out);
}

bool has_avx2() noexcept {
  return __builtin_cpu_supports("avx2") != 0;
}

bool has_avx512() noexcept {
  return has_avx2() && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vpopcntdq") != 0 &&
         __builtin_cpu_supports("avx512vnni") != 0;
}

}  // namespace

const Kernels avx2_kernels{
    .name = "avx2",
    .description = "AVX2: PSHUFB popcounts, PMADDWD",
    .supported = has_avx2,
    .suits = []() noexcept { return true; },
    .prepare_bits = prepare_bits_avx2,
    .prepare_thresholds = prepare_thresholds,
    .prepare_int8 = prepare_int8_avx2,
    .bit_dots = bit_dots<x86::avx2::bit_dots>,
    .expand = expand<x86::avx2::expand>,
    .project = project<x86::avx2::project>,
    .memory = memory,
    .signs = signs,
    .int8_dots = int8_dots<x86::avx2::int8_dots>,
    .activate = activate,
    .narrow = narrow,
    .quantize = quantize,
    .memory_rows = memory_rows,
    .project_rows = project_rows<x86::avx2::project_rows>,
    .quantize_row = quantize_row,
};

const Kernels avx512_kernels{
    .name = "avx512",
    .description = "AVX-512: VPOPCNTDQ, VNNI",
    .supported = has_avx512,
    .suits = []() noexcept { return true; },
    .prepare_bits = prepare_bits_avx512,
    .prepare_thresholds = prepare_thresholds,
    .prepare_int8 = prepare_int8_avx512,
    .bit_dots = bit_dots<x86::avx512::bit_dots>,
    .expand = expand<x86::avx512::expand>,
    .project = project<x86::avx512::project>,
    .memory = memory_avx512,
    .signs = signs,
    .int8_dots = int8_dots<x86::avx512::int8_dots>,
    .activate = activate,
    .narrow = narrow,
    .quantize = quantize,
    .memory_rows = memory_rows,
    .project_rows = project_rows<x86::avx512::project_rows>,
    .quantize_row = quantize_row,
};

}  // namespace kwsd
