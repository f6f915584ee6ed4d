// The 1-bit layers in plain intrinsics, any shape. Contracts: engine/kernels/kernels.h.
#pragma once

#include "engine/kernels/kernels.h"

namespace kwsd::neon {

inline constexpr int row_padding = 8;  ///< rows past the last that a set may read

/// [outputs up to 8, and row_padding][row_words], zero rows past `outputs`.
BitLayer prepare_bits(const BitMatrix& weights);
/// int16 limits of the popcount: bit = popcount <= limit; -1 = never. Padded to 8.
Prepared prepare_thresholds(std::span<const std::int16_t> at_least, int inputs);

void bit_dots(const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept;
/// bit_dots of the outputs from `first` on only.
void bit_dots_from(int first, const BitLayer& layer, BitRows a, std::int16_t* dot) noexcept;
void expand(const BitLayer& layer, const Prepared& thresholds, BitRows a, std::uint64_t* out) noexcept;
void project(const BitLayer& layer, const Affine& affine, BitRows a, std::int16_t* residual) noexcept;

}  // namespace kwsd::neon
