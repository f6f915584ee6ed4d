// Filling and reading Prepared buffers, and the layouts that several sets share. Thread: any.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "engine/kernels/operands.h"

namespace kwsd {

template <class T>
[[nodiscard]] const T* prepared_as(const Prepared& prepared) noexcept {
  return reinterpret_cast<const T*>(prepared.data());
}

template <class T>
[[nodiscard]] Prepared prepared_from(std::span<const T> values) {
  Prepared out(values.size_bytes());
  if (!values.empty()) {
    std::memcpy(out.data(), values.data(), out.size());
  }
  return out;
}

template <class T>
[[nodiscard]] Prepared prepared_from(const std::vector<T>& values) {
  return prepared_from(std::span<const T>(values));
}

inline constexpr int bit_tile = 8;  ///< outputs

/// ±1 weights as [outputs / 8][words][8] uint64, words = ceil(inputs / 64), output order[i] of a tile at i;
/// zero past the last output.
[[nodiscard]] inline BitLayer prepare_bit_tiles(const BitMatrix& weights,
                                                const std::array<std::uint8_t, bit_tile>& order) {
  const int words = (weights.cols + 63) / 64;
  const int rows = (weights.rows + bit_tile - 1) / bit_tile * bit_tile;
  std::vector<std::uint64_t> out(static_cast<std::size_t>(rows * words));
  for (int i = 0; i < rows; ++i) {
    const int n = i / bit_tile * bit_tile + order[static_cast<std::size_t>(i % bit_tile)];
    for (int w = 0; n < weights.rows && w < words; ++w) {
      out[static_cast<std::size_t>((i / bit_tile * words + w) * bit_tile + i % bit_tile)] =
          weights.words[static_cast<std::size_t>(n * weights.row_words() + w)];
    }
  }
  return {prepared_from(out), weights.rows, weights.cols};
}

/// int16 thresholds, padded to a multiple of `group` with "never".
[[nodiscard]] inline Prepared prepare_padded_thresholds(std::span<const std::int16_t> at_least,
                                                        std::size_t group) {
  std::vector<std::int16_t> padded(at_least.begin(), at_least.end());
  padded.resize((at_least.size() + group - 1) / group * group, INT16_MAX);
  return prepared_from(padded);
}

}  // namespace kwsd
