// The discriminant against one that is computed by elimination, in the order of a textbook.
#include "app/enroll/discriminant.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <utility>

#include "app/base/random.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr std::size_t row_size = 6;
using Row = std::array<std::int8_t, row_size>;
using Vector = std::array<double, row_size>;

std::vector<Row> correlated_rows(std::size_t count, double centre, std::uint64_t seed) {
  std::vector<Row> rows(count);
  Random random(seed);
  for (Row& row : rows) {
    double carried = 0;
    for (std::size_t k = 0; k < row_size; ++k) {
      carried = 0.6 * carried + 20 * random.normal();
      row[k] = static_cast<std::int8_t>(std::clamp(centre * (k % 2 == 0 ? 1 : -1) + carried, -127.0, 127.0));
    }
  }
  return rows;
}

Vector mean_of(const std::vector<Row>& rows) {
  Vector mean{};
  for (const Row& row : rows) {
    for (std::size_t k = 0; k < row_size; ++k) {
      mean[k] += row[k] / static_cast<double>(rows.size());
    }
  }
  return mean;
}

/// a x = b by elimination with pivots.
Vector solved(std::array<Vector, row_size> a, Vector b) {
  for (std::size_t c = 0; c < row_size; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < row_size; ++r) {
      pivot = std::abs(a[r][c]) > std::abs(a[pivot][c]) ? r : pivot;
    }
    std::swap(a[c], a[pivot]);
    std::swap(b[c], b[pivot]);
    for (std::size_t r = c + 1; r < row_size; ++r) {
      const double factor = a[r][c] / a[c][c];
      for (std::size_t k = c; k < row_size; ++k) {
        a[r][k] -= factor * a[c][k];
      }
      b[r] -= factor * b[c];
    }
  }
  Vector x{};
  for (std::size_t c = row_size; c-- > 0;) {
    double sum = b[c];
    for (std::size_t k = c + 1; k < row_size; ++k) {
      sum -= a[c][k] * x[k];
    }
    x[c] = sum / a[c][c];
  }
  return x;
}

TEST_CASE("the discriminant's weights are those of the textbook, and a score is a part of the length") {
  constexpr double ridge = 3;
  const auto others = correlated_rows(400, 0, 1), words = correlated_rows(30, 25, 2);
  const Vector mu = mean_of(others), nu = mean_of(words);
  std::array<Vector, row_size> covariance{};
  for (const Row& row : others) {
    for (std::size_t i = 0; i < row_size; ++i) {
      for (std::size_t j = 0; j < row_size; ++j) {
        covariance[i][j] += (row[i] - mu[i]) * (row[j] - mu[j]) / 400;
      }
    }
  }
  Vector apart{};
  for (std::size_t i = 0; i < row_size; ++i) {
    covariance[i][i] += ridge;
    apart[i] = nu[i] - mu[i];
  }
  const Vector expected = solved(covariance, apart);

  Moments first(row_size), second(row_size), word(row_size);
  for (std::size_t r = 0; r < others.size(); ++r) {
    (r % 3 == 0 ? first : second).add(others[r]);
  }
  first.add(second);
  for (const Row& row : words) {
    word.add_to_mean(row);
  }
  const UnitClassifier fitted =
      discriminant(Cholesky(first.covariance(ridge), row_size), word.mean(), first.mean());
  for (std::size_t k = 0; k < row_size; ++k) {
    CHECK(fitted.weights[k] == Approx(expected[k]).epsilon(1e-4));
  }
  for (const Row& row : words) {
    double sum = 0, squares = 0;
    for (std::size_t k = 0; k < row_size; ++k) {
      sum += expected[k] * row[k];
      squares += static_cast<double>(row[k]) * row[k];
    }
    CHECK(fitted.score(row) == Approx(sum / std::sqrt(squares)).epsilon(1e-3).margin(1e-5));
  }
  CHECK(fitted.score(Row{}) == 0);
  CHECK(fitted.score(Row{30, -10, 4, 2, 6, 8}) == Approx(fitted.score(Row{15, -5, 2, 1, 3, 4})));
  const auto above = [&](const std::vector<Row>& rows) {
    return std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return fitted.score(row) > 0; });
  };
  CHECK(above(words) >= 25);
  CHECK(above(others) <= 220);
}

TEST_CASE("a row of weight three is a row three times") {
  const auto rows = correlated_rows(20, 5, 3);
  Moments once(row_size), thrice(row_size);
  for (const Row& row : rows) {
    once.add(row, row[0] > 0 ? 3 : 1);
    for (int i = 0; i < (row[0] > 0 ? 3 : 1); ++i) {
      thrice.add(row);
    }
  }
  CHECK(once.mean() == thrice.mean());
  CHECK(once.covariance(1) == thrice.covariance(1));
}

TEST_CASE("a covariance that is none is an error") {
  CHECK_THROWS_AS(Cholesky({1, 2, 2, 1}, 2), Error);
}

}  // namespace
}  // namespace kwsd
