// The memory filter, its signs, the int8 products and the activations in plain intrinsics: shared by the NEON
// sets. Contracts: engine/kernels/kernels.h.
#pragma once

#include "engine/kernels/kernels.h"

namespace kwsd::neon {

void memory(const MemoryFilter& filter, Residual residual, std::uint64_t* bits) noexcept;
void signs(ConstResidual residual, const std::int16_t* at_least, std::uint64_t* bits) noexcept;

/// The output of prepare_int8: this header, then weights [outputs up to 4][inputs up to 16], zero-padded.
struct Int8Header {
  std::int32_t group;  ///< how many products a lane may add up in int16 (int8.cpp): 1, 2, 4 or 8
  std::int32_t unused[3];
};
inline constexpr int int8_tile = 4;    ///< outputs
inline constexpr int int8_chunk = 16;  ///< inputs

Int8Layer prepare_int8(std::span<const std::int8_t> weights, int outputs, int inputs);
void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept;

void activate(const Activation& activation, const std::int32_t* acc, int positions,
              std::int16_t* out) noexcept;
void narrow(std::span<const std::int16_t> values, int shift, std::int8_t* out) noexcept;
void quantize(const Affine& affine, ConstResidual residual, std::int8_t* flat) noexcept;

}  // namespace kwsd::neon
