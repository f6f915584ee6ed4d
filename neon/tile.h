// Activation-stationary 1-bit products in plain intrinsics.
//
// One vector (Q registers) against Rows rows held in registers: EOR, CNT, then an ADDP tree that adds the
// bytes of a register and brings the rows side by side, so that the sums of Rows rows end up in one
// register. No eightfold duplication, no UADALP in the loop.
//
//   rows 0..7      x0 x1 x2 x3 x4 x5 x6 x7      bytes of at most 8 * Q bits
//   ADDP           x01 x23 x45 x67              8 bytes a row
//   ADDP           x0123 x4567                  4 bytes a row, at most 32 * Q: fits for Q <= 7
//   UADDLP, ADDP   u16: one lane a row
//
// Rows are weights (lanes = outputs) or steps (lanes = steps): the product is symmetric.
#pragma once

#include "neon/vec.h"

namespace kwsd::neon {

inline constexpr int longest_tile = 7;  ///< registers a row; longer rows add up in chunks

/// Byte sums of popcounts of one row: at most 8 * Q each. row and v: [Q][16].
template <int Q>
inline uint8x16_t differing(const std::uint8_t* row, const std::uint8_t* v) noexcept {
  uint8x16_t sum = vcntq_u8(veorq_u8(vld1q_u8(row), vld1q_u8(v)));
  for (int q = 1; q < Q; ++q) {
    sum = vaddq_u8(sum, vcntq_u8(veorq_u8(vld1q_u8(row + 16 * q), vld1q_u8(v + 16 * q))));
  }
  return sum;
}

/// Popcounts of v ^ row[i], lane i = row i, i < Rows (4 or 8; with 4 the lanes repeat). Rows are
/// `row_bytes` apart.
template <int Q, int Rows>
inline uint16x8_t counts(const std::uint8_t* rows, std::ptrdiff_t row_bytes, const std::uint8_t* v) noexcept {
  static_assert(Q <= longest_tile && (Rows == 4 || Rows == 8));
  const auto pair = [&](int i) {
    return vpaddq_u8(differing<Q>(rows + i * row_bytes, v), differing<Q>(rows + (i + 1) * row_bytes, v));
  };
  const uint8x16_t low = vpaddq_u8(pair(0), pair(2));
  if constexpr (Rows == 4) {
    const uint16x8_t sums = vpaddlq_u8(low);
    return vpaddq_u16(sums, sums);
  } else {
    const uint8x16_t high = vpaddq_u8(pair(4), pair(6));
    if constexpr (Q <= 3) {  // 2 bytes a row of at most 64 * Q
      return vpaddlq_u8(vpaddq_u8(low, high));
    }
    return vpaddq_u16(vpaddlq_u8(low), vpaddlq_u8(high));
  }
}

/// The same for rows of any length: chunks of longest_tile registers.
template <int Rows>
inline uint16x8_t counts_long(const std::uint8_t* rows, std::ptrdiff_t row_bytes, const std::uint8_t* v,
                              int quads) noexcept {
  uint16x8_t sum = vdupq_n_u16(0);
  int q = 0;
  for (; q + longest_tile <= quads; q += longest_tile) {
    sum = vaddq_u16(sum, counts<longest_tile, Rows>(rows + 16 * q, row_bytes, v + 16 * q));
  }
  for (; q < quads; ++q) {
    sum = vaddq_u16(sum, counts<1, Rows>(rows + 16 * q, row_bytes, v + 16 * q));
  }
  return sum;
}

/// counts for Q = quads known at compile time, or 0 for any.
template <int Q, int Rows>
inline uint16x8_t counts_of(const std::uint8_t* rows, std::ptrdiff_t row_bytes, const std::uint8_t* v,
                            int quads) noexcept {
  if constexpr (Q == 0) {
    return counts_long<Rows>(rows, row_bytes, v, quads);
  } else {
    return counts<Q, Rows>(rows, row_bytes, v);
  }
}

/// dot = K - 2 * popcount.
inline int16x8_t dot_of(uint16x8_t differing_bits, int inputs) noexcept {
  return vreinterpretq_s16_u16(
      vsubq_u16(vdupq_n_u16(static_cast<std::uint16_t>(inputs)), vshlq_n_u16(differing_bits, 1)));
}

/// Calls f(std::integral_constant<int, Q>) for the number of registers in a row.
template <class F>
void with_quads(int quads, F f) noexcept {
  switch (quads) {
    case 1:
      return f(std::integral_constant<int, 1>{});
    case 2:
      return f(std::integral_constant<int, 2>{});
    case 3:
      return f(std::integral_constant<int, 3>{});
    case 4:
      return f(std::integral_constant<int, 4>{});
    default:
      return f(std::integral_constant<int, 0>{});
  }
}

}  // namespace kwsd::neon
