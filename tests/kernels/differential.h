// One kernel set against the reference, on one shape: what the tests and the fuzzer share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/kernels/kernels.h"

namespace kwsd::test {

/// How the operands are filled.
enum class Fill : std::uint8_t {
  random,    ///< uniform bits and values
  same,      ///< activations equal to the weights: every dot at its largest, thresholds around it
  opposite,  ///< activations opposite to the weights: every dot at its smallest
  extreme,   ///< values and constants at the ends of their ranges: saturation everywhere
  zero,      ///< values and thresholds zero: sign(0) everywhere
};
inline constexpr Fill all_fills[] = {Fill::random, Fill::same, Fill::opposite, Fill::extreme, Fill::zero};

struct Shape {
  int outputs = 1;  ///< N; channels of memory and signs
  int inputs = 1;   ///< K
  int steps = 1;    ///< T; rows of int8_dots
};

/// An entry point of Kernels with its comparison.
struct Entry {
  std::string_view name;
  /// Runs `set` on operands drawn from `seed`, in guarded buffers, and the reference on the same.
  /// Returns "" or what differs.
  std::string (*differs)(const Kernels& set, const Shape& shape, Fill fill, std::uint32_t seed);
};

/// Every entry point: the one list that tests, fuzzer and benchmarks go through.
[[nodiscard]] std::span<const Entry> all_entries() noexcept;

}  // namespace kwsd::test
