#include "models/trainer/measure/poisson.h"

#include <catch2/catch.hpp>

using kwsd::train::poisson_bounds;

TEST_CASE("the bounds of a count are those of the tables") {
  struct Row {
    std::int64_t count;
    double low, high;
  };
  // Garwood 1936; Johnson, Kotz and Kemp, "Univariate Discrete Distributions".
  for (const Row& row : {Row{0, 0, 3.689}, Row{1, 0.0253, 5.572}, Row{3, 0.6187, 8.767},
                         Row{10, 4.795, 18.39}, Row{50, 37.11, 65.92}, Row{100, 81.36, 121.63}}) {
    CAPTURE(row.count);
    const auto [low, high] = poisson_bounds(row.count);
    REQUIRE(low == Approx(row.low).epsilon(0.001).margin(1e-6));
    REQUIRE(high == Approx(row.high).epsilon(0.001));
  }
}

TEST_CASE("large counts have bounds, too") {
  const auto [low, high] = poisson_bounds(5000);
  REQUIRE(low == Approx(4862.3).epsilon(0.001));
  REQUIRE(high == Approx(5140.6).epsilon(0.001));
}
