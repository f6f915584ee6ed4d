// The uncertainty of a count of rare events. Thread: any, pure.
#pragma once

#include <cstdint>
#include <utility>

namespace kwsd::train {

/// Exact (Garwood's) 95 % bounds of the mean of a Poisson variable that was observed to be `count`.
[[nodiscard]] std::pair<double, double> poisson_bounds(std::int64_t count);

}  // namespace kwsd::train
