// Quantiles of latencies and the like. Thread: any.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

namespace kwsd {

/// The value below which `share` of the values lie (nearest rank).
[[nodiscard]] inline std::optional<double> quantile(std::vector<double> values, double share) {
  if (values.empty()) {
    return std::nullopt;
  }
  const auto rank =
      static_cast<std::ptrdiff_t>(std::max(1.0, std::ceil(share * static_cast<double>(values.size()))) - 1);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

}  // namespace kwsd
