#include "app/enroll/discriminant.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "engine/model/error.h"
#include "engine/nn/classifier.h"

namespace kwsd {

float UnitClassifier::score(std::span<const std::int8_t> x) const noexcept {
  float sum = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    sum += weights[k] * static_cast<float>(x[k]);
  }
  return sum / length_of(x);
}

void Moments::add(std::span<const std::int8_t> row, int weight) noexcept {
  rows_ += weight;
  for (std::size_t i = 0; i < size_; ++i) {
    const std::int64_t value = std::int64_t{weight} * row[i];
    sums_[i] += value;
    std::int64_t* products = products_.data() + i * size_;
    for (std::size_t j = 0; j <= i; ++j) {
      products[j] += value * row[j];
    }
  }
}

void Moments::add_to_mean(std::span<const std::int8_t> row) noexcept {
  ++rows_;
  for (std::size_t i = 0; i < size_; ++i) {
    sums_[i] += row[i];
  }
}

void Moments::add(const Moments& other) noexcept {
  rows_ += other.rows_;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] += other.sums_[i];
  }
  for (std::size_t i = 0; i < products_.size(); ++i) {
    products_[i] += other.products_[i];
  }
}

std::vector<double> Moments::mean() const {
  std::vector<double> out(size_);
  std::transform(sums_.begin(), sums_.end(), out.begin(), [this](std::int64_t sum) {
    return static_cast<double>(sum) / static_cast<double>(std::max<std::int64_t>(1, rows_));
  });
  return out;
}

std::vector<double> Moments::covariance(double ridge) const {
  const std::vector<double> m = mean();
  std::vector<double> out(size_ * size_);
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double value = static_cast<double>(products_[i * size_ + j]) /
                               static_cast<double>(std::max<std::int64_t>(1, rows_)) -
                           m[i] * m[j];
      out[i * size_ + j] = out[j * size_ + i] = value + (i == j ? ridge : 0);
    }
  }
  return out;
}

Cholesky::Cholesky(std::vector<double> matrix, std::size_t size) : size_(size), factor_(std::move(matrix)) {
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = factor_[i * size_ + j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= factor_[i * size_ + k] * factor_[j * size_ + k];
      }
      if (i == j && !(sum > 0)) {
        throw Error(ErrorKind::internal, "the covariance of the negatives is not positive definite");
      }
      factor_[i * size_ + j] = i == j ? std::sqrt(sum) : sum / factor_[j * size_ + j];
    }
  }
}

std::vector<double> Cholesky::solve(std::vector<double> x) const {
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      x[i] -= factor_[i * size_ + k] * x[k];
    }
    x[i] /= factor_[i * size_ + i];
  }
  for (std::size_t i = size_; i-- > 0;) {
    for (std::size_t k = i + 1; k < size_; ++k) {
      x[i] -= factor_[k * size_ + i] * x[k];
    }
    x[i] /= factor_[i * size_ + i];
  }
  return x;
}

UnitClassifier discriminant(const Cholesky& covariance, std::span<const double> word,
                            std::span<const double> others) {
  std::vector<double> apart(word.size());
  std::transform(word.begin(), word.end(), others.begin(), apart.begin(), std::minus<>());
  const std::vector<double> weights = covariance.solve(std::move(apart));
  return {{weights.begin(), weights.end()}};
}

}  // namespace kwsd
