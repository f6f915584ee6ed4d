// The sets `avx2` and `avx512`: weights prepared, vectors taken apart, and the CPU asked. Compiled for any
// x86-64.
#include <algorithm>

#include "engine/kernels/prepared.h"
#include "engine/kernels/sets.h"
#include "engine/kernels/x86/entries.h"

namespace kwsd {
namespace {

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

Prepared prepare_bits_avx2(const BitMatrix& weights) {
  return prepare_bit_tiles(weights, {0, 1, 4, 5, 2, 3, 6, 7});
}

Prepared prepare_bits_avx512(const BitMatrix& weights) {
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
Prepared prepare_int8_avx2(std::span<const std::int8_t> weights, int outputs, int inputs) {
  constexpr int group = x86::avx2_int8_outputs;
  const int pairs = (inputs + 1) / 2;
  std::vector<std::int16_t> out(size((outputs + group - 1) / group * pairs * group * 2));
  for (int n = 0; n < outputs; ++n) {
    for (int k = 0; k < inputs; ++k) {
      out[size(((n / group * pairs + k / 2) * group + n % group) * 2 + k % 2)] =
          weights[size(n * inputs + k)];
    }
  }
  return prepared_from(out);
}

/// [outputs / 16][inputs / 4][16][4] uint8: w + 128.
Prepared prepare_int8_avx512(std::span<const std::int8_t> weights, int outputs, int inputs) {
  constexpr int group = x86::avx512_int8_outputs;
  const int quads = (inputs + 3) / 4;
  Prepared out(size((outputs + group - 1) / group * quads * group * 4));
  for (int n = 0; n < outputs; ++n) {
    for (int k = 0; k < inputs; ++k) {
      out[size(((n / group * quads + k / 4) * group + n % group) * 4 + k % 4)] =
          static_cast<std::byte>(weights[size(n * inputs + k)] + 128);
    }
  }
  return out;
}

x86::BitLayer layer_of(const Prepared& weights, int outputs, int inputs) noexcept {
  return {prepared_as<std::uint64_t>(weights), outputs, inputs};
}
x86::BitRows rows_of(const std::uint64_t* a, int inputs, int steps) noexcept {
  return {a, BitMatrix::row_words_for(inputs), steps};
}
x86::Channels channels_of(const Affine& affine) noexcept {
  static_assert(sizeof(ChannelAffine) == 4 * sizeof(std::int16_t));
  return {&affine.channels.data()->mult, affine.shift};
}

// What differs between the two sets is the functions of entries.h that they call.

template <auto BitDots>
void bit_dots(const Prepared& weights, int outputs, int inputs, const std::uint64_t* a, int steps,
              std::int16_t* dot) noexcept {
  BitDots(layer_of(weights, outputs, inputs), rows_of(a, inputs, steps), dot);
}

template <auto Expand>
void expand(const Prepared& weights, const Prepared& thresholds, int outputs, int inputs,
            const std::uint64_t* a, int steps, std::uint64_t* out) noexcept {
  const int row_words = BitMatrix::row_words_for(outputs);
  std::fill_n(out, steps * row_words, 0U);
  Expand(layer_of(weights, outputs, inputs), prepared_as<std::int16_t>(thresholds), rows_of(a, inputs, steps),
         reinterpret_cast<std::uint8_t*>(out), row_words * 8);
}

template <auto Project>
void project(const Prepared& weights, const Affine& affine, int outputs, int inputs, const std::uint64_t* a,
             int steps, std::int16_t* residual) noexcept {
  Project(layer_of(weights, outputs, inputs), channels_of(affine), rows_of(a, inputs, steps), residual,
          residual_stride(steps));
}

template <auto Int8Dots>
void int8_dots(const Prepared& weights, int outputs, int inputs, const std::int8_t* a, int a_stride, int rows,
               std::int32_t* acc) noexcept {
  Int8Dots({weights.data(), outputs, inputs}, {a, a_stride, rows}, acc);
}

void pack_signs(const std::int16_t* residual, const std::int16_t* at_least, int at_least_stride, int channels,
                int steps, std::uint64_t* bits) noexcept {
  const int row_words = BitMatrix::row_words_for(channels);
  std::fill_n(bits, steps * row_words, 0U);
  x86::avx2::signs(residual, at_least, at_least_stride, channels, steps, residual_stride(steps),
                   reinterpret_cast<std::uint8_t*>(bits), row_words * 8);
}

void signs(const std::int16_t* residual, const std::int16_t* at_least, int channels, int steps,
           std::uint64_t* bits) noexcept {
  pack_signs(residual, at_least, 1, channels, steps, bits);
}

void memory(const std::int16_t* taps, const Affine& affine, int channels, int steps, std::int16_t* residual,
            std::uint64_t* bits) noexcept {
  x86::avx2::memory(taps, channels_of(affine), channels, steps, residual_stride(steps), residual);
  pack_signs(residual, &affine.channels.data()->sign_at_least, 4, channels, steps, bits);
}

void memory_avx512(const std::int16_t* taps, const Affine& affine, int channels, int steps,
                   std::int16_t* residual, std::uint64_t* bits) noexcept {
  if (steps > 8) {
    memory(taps, affine, channels, steps, residual, bits);
    return;
  }
  const int row_words = BitMatrix::row_words_for(channels);
  std::fill_n(bits, steps * row_words, 0U);
  x86::avx512::memory(taps, channels_of(affine), channels, steps, residual, bits, row_words);
}

void quantize(const std::int16_t* residual, const Affine& affine, int channels, int steps,
              std::int8_t* flat) noexcept {
  x86::avx2::quantize(residual, channels_of(affine), channels, steps, residual_stride(steps), flat);
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
    .activate = x86::avx2::activate,
    .narrow = x86::avx2::narrow,
    .quantize = quantize,
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
    .activate = x86::avx2::activate,
    .narrow = x86::avx2::narrow,
    .quantize = quantize,
};

}  // namespace kwsd
