// int8 products with SDOT. Thread: any, no allocation.
#pragma once

#include <cstdint>

namespace kwsd::a76 {

inline constexpr int group = 8;  ///< outputs

/// [ceil(outputs / 8)][quads][8 outputs][4 inputs] int8, quads = ceil(inputs / 4), 0 past the last of either.
struct Weights {
  const std::int8_t* values;
  int outputs, inputs;
};

/// acc[r][n] = sum_k w[n][k] * a[r][k]; rows are `stride` apart, up to 15 bytes past `inputs` are read.
void dots(const Weights& weights, const std::int8_t* a, int stride, int rows, std::int32_t* acc) noexcept;

}  // namespace kwsd::a76
