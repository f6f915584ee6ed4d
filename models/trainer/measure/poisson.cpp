#include "models/trainer/measure/poisson.h"

#include <cmath>

namespace kwsd::train {
namespace {

/// P(X <= count) for a Poisson variable of that mean.
double at_most(std::int64_t count, double mean) {
  double log_term = -mean;  // log of mean^k e^-mean / k!
  double sum = std::exp(log_term);
  for (std::int64_t k = 1; k <= count; ++k) {
    log_term += std::log(mean) - std::log(static_cast<double>(k));
    sum += std::exp(log_term);
  }
  return sum;
}

/// The mean at which P(X <= count) is `share`; it falls with the mean.
double mean_for(std::int64_t count, double share) {
  double low = 1e-9;
  double high = static_cast<double>(count) + 10 * std::sqrt(static_cast<double>(count) + 1) + 10;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (at_most(count, middle) > share ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

std::pair<double, double> poisson_bounds(std::int64_t count) {
  constexpr double tail = 0.025;
  return {count == 0 ? 0.0 : mean_for(count - 1, 1 - tail), mean_for(count, tail)};
}

}  // namespace kwsd::train
