// Rows of bits as BitMatrix lays them out: bit k of a row is bit k % 64 of word k / 64, 1 = +1.
// Thread: any, pure.
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/operands.h"

namespace kwsd {

inline void set_bit(std::uint64_t* row, int index) noexcept {
  row[index / 64] |= std::uint64_t{1} << (index % 64);
}

[[nodiscard]] inline bool bit_at(const std::uint64_t* row, int index) noexcept {
  return ((row[index / 64] >> (index % 64)) & 1U) != 0;
}

/// The signs of `values` ([rows][cols], row-major) as a BitMatrix: sign(±0) and sign(NaN) are +1.
template <class T>
[[nodiscard]] BitMatrix pack_signs(std::span<const T> values, int rows, int cols) {
  BitMatrix bits{.rows = rows, .cols = cols, .words = {}};
  bits.words.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(bits.row_words()));
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      if (!(values[static_cast<std::size_t>(r) * static_cast<std::size_t>(cols) +
                   static_cast<std::size_t>(c)] < T{})) {
        set_bit(bits.words.data() + r * bits.row_words(), c);
      }
    }
  }
  return bits;
}

}  // namespace kwsd
