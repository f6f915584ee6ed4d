// Discriminant analysis: one word against everything else, by means and one covariance; directions alone
// count. Thread: any, pure (the moments are summed on several).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kwsd {

/// score(x) = sum of weights[k] * x[k] / |x|: that of a classifier of kind LayerKind::unit. How loud and
/// clear a sound is changes the length of its embedding, which word it is changes the direction.
struct UnitClassifier {
  std::vector<float> weights;

  [[nodiscard]] float score(std::span<const std::int8_t> x) const noexcept;
};

/// Mean and covariance of rows.
class Moments {
 public:
  explicit Moments(std::size_t size) : size_(size), sums_(size, 0), products_(size * size, 0) {}

  /// `weight`: how many rows it counts as.
  void add(std::span<const std::int8_t> row, int weight = 1) noexcept;
  /// For callers that need only the mean.
  void add_to_mean(std::span<const std::int8_t> row) noexcept;
  void add(const Moments& other) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::vector<double> mean() const;
  /// [size][size], with `ridge` added to the diagonal.
  [[nodiscard]] std::vector<double> covariance(double ridge) const;

 private:
  std::size_t size_;
  std::int64_t rows_ = 0;
  std::vector<std::int64_t> sums_;
  std::vector<std::int64_t> products_;  // lower triangle, [row][column]
};

/// The Cholesky factor of a positive definite matrix: solves any number of right sides.
class Cholesky {
 public:
  /// matrix: [size][size], symmetric. Throws Error (internal) unless it is positive definite.
  Cholesky(std::vector<double> matrix, std::size_t size);
  [[nodiscard]] std::vector<double> solve(std::vector<double> right) const;

 private:
  std::size_t size_;
  std::vector<double> factor_;  // lower triangle
};

/// weights = covariance^-1 (word - others).
[[nodiscard]] UnitClassifier discriminant(const Cholesky& covariance, std::span<const double> word,
                                          std::span<const double> others);

}  // namespace kwsd
