#include "app/enroll/logistic.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "app/base/random.h"

namespace kwsd {
namespace {

constexpr std::size_t row_values = 12;

/// Rows of normal numbers, moved by `shift` along a direction that all of them share.
std::vector<std::int8_t> rows(std::size_t count, double shift, std::uint64_t seed) {
  Random random{seed};
  std::vector<std::int8_t> out;
  for (std::size_t i = 0; i < count * row_values; ++i) {
    const auto k = static_cast<double>(i % row_values);
    const double value = 12 * random.normal() + shift * std::cos(k);
    out.push_back(static_cast<std::int8_t>(std::clamp(value, -127.0, 127.0)));
  }
  return out;
}

/// The same objective, descended by gradients of all rows.
std::vector<double> plain_descent(const std::vector<std::int8_t>& word,
                                  const std::vector<std::int8_t>& others) {
  std::vector<double> w(row_values, 0);
  double bias = 0;
  for (int step = 0; step < 600; ++step) {
    std::vector<double> g(row_values, 0);
    double g_bias = 0;
    for (const auto* set : {&word, &others}) {
      const double wanted = set == &word ? 0.98 : 0;
      const double weight = (set == &word ? 0.5 : 1) / static_cast<double>(set->size() / row_values);
      for (std::size_t i = 0; i < set->size(); i += row_values) {
        double sum = bias;
        for (std::size_t k = 0; k < row_values; ++k) sum += w[k] * (*set)[i + k] / 12.0;
        const double error = weight * (1 / (1 + std::exp(-sum)) - wanted);
        for (std::size_t k = 0; k < row_values; ++k) g[k] += error * (*set)[i + k] / 12.0;
        g_bias += error;
      }
    }
    for (std::size_t k = 0; k < row_values; ++k) w[k] -= 0.5 * g[k];
    bias -= 0.5 * g_bias;
  }
  return w;
}

TEST_CASE("logistic regression finds the direction that plain descent finds, and tells new rows") {
  const auto word = rows(300, 14, 1);
  const auto others = rows(2000, -2, 2);
  const std::vector<float> weights = logistic_weights(word, others, row_values);
  const std::vector<double> plain = plain_descent(word, others);
  double both = 0;
  double one = 0;
  double other = 0;
  for (std::size_t k = 0; k < row_values; ++k) {
    both += static_cast<double>(weights[k]) * plain[k];
    one += static_cast<double>(weights[k]) * static_cast<double>(weights[k]);
    other += plain[k] * plain[k];
  }
  CHECK(both / std::sqrt(one * other) > 0.95);

  const auto new_word = rows(200, 14, 3);
  const auto new_others = rows(200, -2, 4);
  std::vector<float> low;
  std::vector<float> high;
  for (std::size_t i = 0; i < new_word.size(); i += row_values) {
    high.push_back(weighted_sum(weights, std::span(new_word).subspan(i, row_values)));
    low.push_back(weighted_sum(weights, std::span(new_others).subspan(i, row_values)));
  }
  std::sort(low.begin(), low.end());
  const float limit = low[190];  // 5 % of the others lie above
  CHECK(std::count_if(high.begin(), high.end(), [limit](float s) { return s > limit; }) >= 170);
}

TEST_CASE("logistic regression gives the same bits for the same rows, and one row of each will do") {
  const auto word = rows(20, 14, 1);
  const auto others = rows(30, -2, 2);
  CHECK(logistic_weights(word, others, row_values) == logistic_weights(word, others, row_values));
  const auto few = logistic_weights(rows(1, 20, 5), rows(1, -20, 6), row_values);
  CHECK(std::all_of(few.begin(), few.end(), [](float w) { return std::isfinite(w); }));
}

}  // namespace
}  // namespace kwsd
