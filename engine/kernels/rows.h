// The new steps of a stream: a row is one step of the residual stream, int16 [row_lanes(channels)], 64-byte
// aligned; its lanes are channels. The lanes past the last channel hold anything, are never read into a valid
// lane or a bit, and may be written. Rows are passed as arrays of pointers: they may lie in rings.
//
// The constants below are the same for all sets: laid out for eight channels at a time, with lanes past the
// last channel that give no bit. Thread: prepare_* at set-up (allocates).
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/operands.h"

namespace kwsd {

/// int16 lanes of a row.
[[nodiscard]] constexpr int row_lanes(int channels) noexcept {
  return (channels + 31) / 32 * 32;
}

inline constexpr int row_filter_taps = 5;
inline constexpr int row_group = 8;  ///< channels whose constants lie together

/// An int16 memory filter of a stream, with its BN, PReLU and sign.
struct RowFilter {
  int channels = 0;
  int shift = 0;  ///< [0, 15]
  int ahead = 0;  ///< [0, 4]: steps that the filter looks ahead; 0 = causal
  // [row_lanes / 8][8][8 channels]: taps 0 to 4, bias, slope, sign_at_least
  AlignedVector<std::int16_t> constants;
};

/// BN and PReLU of the channels of a row.
struct RowAffine {
  int channels = 0;
  int shift = 0;
  AlignedVector<std::int16_t> constants;  // [row_lanes / 8][3][8 channels]: mult, bias, slope
};

/// w16 of BlockParams::memory: one tap with the BN gain folded in.
[[nodiscard]] std::int16_t fold_tap(std::int8_t tap, std::int16_t mult) noexcept;
/// memory: [channels][5], tap k meets the input of step t - 4 + ahead + k.
[[nodiscard]] RowFilter prepare_row_filter(std::span<const std::int8_t> memory, const Affine& affine,
                                           int ahead);
[[nodiscard]] RowAffine prepare_row_affine(const Affine& affine);

}  // namespace kwsd
