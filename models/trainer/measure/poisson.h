// How sure a count of rare events is. Thread: any, pure.
#pragma once

#include <cstdint>
#include <utility>

namespace kwsd::train {

/// Exact (Garwood's) 95 % bounds of the mean of a Poisson variable of which `count` was seen.
[[nodiscard]] std::pair<double, double> poisson_bounds(std::int64_t count);

}  // namespace kwsd::train
