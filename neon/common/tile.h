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

#include <algorithm>

#include "neon/common/vec.h"

namespace kwsd::neon {

inline constexpr int longest_tile = 7;  ///< registers a row; longer rows add up in chunks

/// Rows that lie in memory, `row_bytes` apart. Past the last of `valid` rows, that row again.
template <int Count>
struct RowsInMemory {
  RowsInMemory(const std::uint8_t* first, std::ptrdiff_t row_bytes, int valid) noexcept {
    for (int i = 0; i < Count; ++i) {
      row[i] = first + std::min(i, valid - 1) * row_bytes;
    }
  }
  [[nodiscard]] uint8x16_t operator()(int i, int q) const noexcept { return vld1q_u8(row[i] + 16 * q); }
  void skip(int quads) noexcept {
    for (const std::uint8_t*& start : row) {
      start += 16 * quads;
    }
  }
  const std::uint8_t* row[static_cast<std::size_t>(Count)];
};

/// Rows that stay in registers: stated explicitly, because for the compiler stores in between could change
/// the memory.
template <int Q, int Count>
struct RowsInRegisters {
  RowsInRegisters(const std::uint8_t* first, std::ptrdiff_t row_bytes, int valid) noexcept {
    const RowsInMemory<Count> rows(first, row_bytes, valid);
    for (int i = 0; i < Count * Q; ++i) {
      kept[i] = rows(i / Q, i % Q);
    }
  }
  [[nodiscard]] uint8x16_t operator()(int i, int q) const noexcept { return kept[i * Q + q]; }
  uint8x16_t kept[static_cast<std::size_t>(Count * Q)];
};

/// Byte sums of popcounts of one row: at most 8 * Q each. v: [Q][16].
template <int Q, class Rows>
inline uint8x16_t differing(const Rows& rows, int row, const std::uint8_t* v) noexcept {
  uint8x16_t sum = vcntq_u8(veorq_u8(rows(row, 0), vld1q_u8(v)));
  for (int q = 1; q < Q; ++q) {
    sum = vaddq_u8(sum, vcntq_u8(veorq_u8(rows(row, q), vld1q_u8(v + 16 * q))));
  }
  return sum;
}

/// Popcounts of v ^ row i, lane i = row i, i < Count (4 or 8; with 4 the lanes repeat).
template <int Q, int Count, class Rows>
inline uint16x8_t counts(const Rows& rows, const std::uint8_t* v) noexcept {
  static_assert(Q <= longest_tile && (Count == 4 || Count == 8));
  const auto pair = [&](int i) { return vpaddq_u8(differing<Q>(rows, i, v), differing<Q>(rows, i + 1, v)); };
  const uint8x16_t low = vpaddq_u8(pair(0), pair(2));
  if constexpr (Count == 4) {
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
template <int Count>
inline uint16x8_t counts_long(RowsInMemory<Count> rows, const std::uint8_t* v, int quads) noexcept {
  uint16x8_t sum = vdupq_n_u16(0);
  for (; quads >= longest_tile; quads -= longest_tile) {
    sum = vaddq_u16(sum, counts<longest_tile, Count>(rows, v));
    rows.skip(longest_tile);
    v += 16 * longest_tile;
  }
  for (; quads > 0; --quads) {
    sum = vaddq_u16(sum, counts<1, Count>(rows, v));
    rows.skip(1);
    v += 16;
  }
  return sum;
}

/// Runs f(i, counts of `Count` rows, `valid` of them there, against vector i) for i < vectors. Q = quads
/// known at compile time, or 0 for any; rows and vectors: [..][quads][16].
template <int Q, int Count, class F>
inline void for_each_vector(const std::uint8_t* rows, int valid, const std::uint8_t* v, int vectors,
                            int quads, F f) noexcept {
  const std::ptrdiff_t row_bytes = quads * std::ptrdiff_t{16};
  if constexpr (Q == 1 || Q == 2) {
    const RowsInRegisters<Q, Count> kept(rows, row_bytes, valid);
    for (int i = 0; i < vectors; ++i, v += row_bytes) {
      f(i, counts<Q, Count>(kept, v));
    }
  } else {
    const RowsInMemory<Count> in_memory(rows, row_bytes, valid);
    for (int i = 0; i < vectors; ++i, v += row_bytes) {
      if constexpr (Q == 0) {
        f(i, counts_long<Count>(in_memory, v, quads));
      } else {
        f(i, counts<Q, Count>(in_memory, v));
      }
    }
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
