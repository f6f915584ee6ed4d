// The x86 kernels behind the sets `avx2` and `avx512`: pointers only. Their files are compiled for CPU
// features that not every machine has, so they must not instantiate anything that another file could share
// (templates of the standard library, inline members): sets.cpp unpacks the vectors.
//
// Contracts, unless stated otherwise: engine/kernels/kernels.h. Thread: any, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kwsd::x86 {

/// ±1 weights [outputs / 8][words][8] uint64, words = ceil(inputs / 64). The order of the eight is the set's.
struct BitLayer {
  const std::uint64_t* weights;
  int outputs, inputs;
};
/// Rows of bits: `row_words` apart.
struct BitRows {
  const std::uint64_t* words;
  int row_words, count;
};
/// Channels as they lie in Affine: {mult, bias, slope, sign_at_least} int16 each.
struct Channels {
  const std::int16_t* constants;
  int shift;
};
/// Prepared int8 weights; see the set.
struct Int8Layer {
  const std::byte* weights;
  int outputs, inputs;
};
/// As kwsd::Activation.
struct Activation {
  const std::int16_t *mult, *bias, *slope;
  int channels, shift;
};
struct Int8Rows {
  const std::int8_t* values;
  int stride, count;
};

/// As RowFilter and RowAffine (rows.h).
struct RowConstants {
  const std::int16_t* constants;
  int channels, shift, ahead;
};

inline constexpr int avx512_int8_outputs = 16;  ///< outputs of a group
inline constexpr int avx2_int8_outputs = 8;

namespace avx2 {
void bit_dots(const BitLayer& layer, const BitRows& a, std::int16_t* dot) noexcept;
/// limits of the popcounts, padded to 8 with -1. out: zeroed by the caller.
void expand(const BitLayer& layer, const std::int16_t* limits, const BitRows& a, std::uint8_t* out,
            int out_row_bytes) noexcept;
void project(const BitLayer& layer, const Channels& channels, const BitRows& a, std::int16_t* residual,
             int stride) noexcept;
/// weights: [outputs / 8][ceil(inputs / 2)][8][2] int16.
void int8_dots(const Int8Layer& layer, const Int8Rows& a, std::int32_t* acc) noexcept;
/// The filter alone. taps: [channels][8].
void memory(const std::int16_t* taps, const Channels& affine, int channels, int steps, int stride,
            std::int16_t* residual) noexcept;
/// at_least[c * at_least_stride]. bits: zeroed by the caller.
void signs(const std::int16_t* residual, const std::int16_t* at_least, int at_least_stride, int channels,
           int steps, int stride, std::uint8_t* bits, int row_bytes) noexcept;
void activate(const Activation& activation, const std::int32_t* acc, int positions,
              std::int16_t* out) noexcept;
void narrow(const std::int16_t* values, int count, int shift, std::int8_t* out) noexcept;
void quantize(const std::int16_t* residual, const Channels& affine, int channels, int steps, int stride,
              std::int8_t* flat) noexcept;
/// bits: zeroed by the caller.
void memory_rows(const RowConstants& filter, const std::int16_t* const* in, int steps,
                 std::int16_t* const* out, std::uint8_t* bits, int row_bytes) noexcept;
void project_rows(const BitLayer& layer, const RowConstants& affine, const BitRows& a,
                  std::int16_t* const* rows) noexcept;
void quantize_row(const RowConstants& affine, const std::int16_t* row, std::int8_t* out) noexcept;
}  // namespace avx2

namespace avx512 {
/// For at most eight steps. bits: zeroed by the caller.
void memory(const std::int16_t* taps, const Channels& affine, int channels, int steps, std::int16_t* residual,
            std::uint64_t* bits, int row_words) noexcept;
void bit_dots(const BitLayer& layer, const BitRows& a, std::int16_t* dot) noexcept;
void expand(const BitLayer& layer, const std::int16_t* limits, const BitRows& a, std::uint8_t* out,
            int out_row_bytes) noexcept;
void project(const BitLayer& layer, const Channels& channels, const BitRows& a, std::int16_t* residual,
             int stride) noexcept;
void project_rows(const BitLayer& layer, const RowConstants& affine, const BitRows& a,
                  std::int16_t* const* rows) noexcept;
/// weights: groups of 16 outputs, [ceil(inputs / 4)][16][4] uint8 each: w + 128.
void int8_dots(const Int8Layer& layer, const Int8Rows& a, std::int32_t* acc) noexcept;
}  // namespace avx512

}  // namespace kwsd::x86
