#include "app/enroll/logistic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include "app/base/random.h"

namespace kwsd {
namespace {

constexpr int steps = 500, steps_between_searches = 100;
constexpr std::size_t word_rows = 64, random_rows = 192, hard_rows = 192;  // of a batch
constexpr std::size_t most_hard = 1000;
constexpr double learning_rate = 2e-3, weight_decay = 5;
constexpr float first_moment = 0.9F, second_moment = 0.99F;
constexpr float wanted_of_word = 0.98F, word_weight = 3;

constexpr std::size_t lanes = 8;  // values that the compiler may keep in vectors

/// sums[k] += factor * row[k].
void add_scaled(std::span<float> sums, float factor, std::span<const std::int8_t> row) noexcept {
  float* __restrict to = sums.data();
  std::size_t k = 0;
  for (; k + lanes <= row.size(); k += lanes) {
    for (std::size_t i = 0; i < lanes; ++i) {
      to[k + i] += factor * static_cast<float>(row[k + i]);
    }
  }
  for (; k < row.size(); ++k) {
    to[k] += factor * static_cast<float>(row[k]);
  }
}

class Fit {
 public:
  Fit(std::span<const std::int8_t> word, std::span<const std::int8_t> others, std::size_t size)
      : word_(word),
        others_(others),
        size_(size),
        mean_(size),
        deviation_(size),
        weights_(size, 0.0F),
        gradient_(size + 1),
        first_(size + 1, 0.0F),
        second_(size + 1, 0.0F),
        scaled_(size) {
    normalize();
    prepare();
  }

  std::vector<float> run() {
    Random random(1);
    for (int step = 0; step < steps; ++step) {
      if (step % steps_between_searches == 0) {
        find_hard();
      }
      add_batch(random);
      update(step);
    }
    std::vector<float> out(size_);
    std::transform(weights_.begin(), weights_.end(), deviation_.begin(), out.begin(), std::divides<>());
    return out;
  }

 private:
  [[nodiscard]] std::size_t others() const noexcept { return others_.size() / size_; }
  [[nodiscard]] std::span<const std::int8_t> other(std::size_t i) const noexcept {
    return others_.subspan(i * size_, size_);
  }

  /// By the mean and the deviation of the other rows.
  void normalize() {
    for (std::size_t k = 0; k < size_; ++k) {
      double sum = 0;
      double squares = 0;
      for (std::size_t i = k; i < others_.size(); i += size_) {
        sum += others_[i];
        squares += static_cast<double>(others_[i]) * others_[i];
      }
      const auto n = static_cast<double>(others());
      const double mean = sum / n;
      mean_[k] = static_cast<float>(mean);
      deviation_[k] = static_cast<float>(std::sqrt(std::max(0.0, squares / n - mean * mean))) + 1;
    }
  }

  /// Of normalized values: their means are taken off all at once.
  [[nodiscard]] float score(std::span<const std::int8_t> row) const noexcept {
    return offset_ + weighted_sum(scaled_, row);
  }

  /// What `score` needs of the weights.
  void prepare() {
    offset_ = bias_;
    for (std::size_t k = 0; k < size_; ++k) {
      scaled_[k] = weights_[k] / deviation_[k];
      offset_ -= scaled_[k] * mean_[k];
    }
  }

  void find_hard() {
    std::vector<float> scores(others());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = score(other(i));
    }
    hard_.resize(scores.size());
    std::iota(hard_.begin(), hard_.end(), std::size_t{0});
    std::stable_sort(hard_.begin(), hard_.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    hard_.resize(std::min(hard_.size(), most_hard));
  }

  void add(std::span<const std::int8_t> row, float wanted, float weight) {
    const float error = weight * (1 / (1 + std::exp(-score(row))) - wanted);
    add_scaled(gradient_, error, row);
    gradient_[size_] += error;
  }

  void add_batch(Random& random) {
    std::fill(gradient_.begin(), gradient_.end(), 0.0F);
    for (std::size_t i = 0; i < word_rows; ++i) {
      add(word_.subspan(random.below(word_.size() / size_) * size_, size_), wanted_of_word, word_weight);
    }
    for (std::size_t i = 0; i < random_rows; ++i) {
      add(other(random.below(others())), 0, 1);
    }
    for (std::size_t i = 0; i < hard_rows; ++i) {
      add(other(hard_[random.below(hard_.size())]), 0, 1);
    }
    constexpr float all = word_weight * word_rows + random_rows + hard_rows;
    gradient_[size_] /= all;
    for (std::size_t k = 0; k < size_; ++k) {
      gradient_[k] = (gradient_[k] / all - gradient_[size_] * mean_[k]) / deviation_[k];
    }
  }

  void update(int step) {
    const auto rate = static_cast<float>(learning_rate / 2 * (1 + std::cos(std::numbers::pi * step / steps)));
    const auto n = static_cast<float>(step + 1);
    const float first_part = 1 - std::pow(first_moment, n);
    const float second_part = 1 - std::pow(second_moment, n);
    for (std::size_t k = 0; k <= size_; ++k) {
      first_[k] = first_moment * first_[k] + (1 - first_moment) * gradient_[k];
      second_[k] = second_moment * second_[k] + (1 - second_moment) * gradient_[k] * gradient_[k];
      const float change = rate * (first_[k] / first_part) / (std::sqrt(second_[k] / second_part) + 1e-8F);
      if (k < size_) {
        weights_[k] -= change + rate * static_cast<float>(weight_decay) * weights_[k];
      } else {
        bias_ -= change;
      }
    }
    prepare();
  }

  std::span<const std::int8_t> word_, others_;
  std::size_t size_;
  std::vector<float> mean_, deviation_, weights_;
  float bias_ = -2;
  std::vector<float> gradient_, first_, second_;  // the bias last
  std::vector<float> scaled_;                     // weights_ / deviation_
  float offset_ = 0;
  std::vector<std::size_t> hard_;
};

}  // namespace

std::vector<float> logistic_weights(std::span<const std::int8_t> word, std::span<const std::int8_t> others,
                                    std::size_t size) {
  return Fit(word, others, size).run();
}

float weighted_sum(std::span<const float> weights, std::span<const std::int8_t> row) noexcept {
  std::array<float, lanes> sums{};
  std::size_t k = 0;
  for (; k + lanes <= weights.size(); k += lanes) {
    for (std::size_t i = 0; i < lanes; ++i) {
      sums[i] += weights[k + i] * static_cast<float>(row[k + i]);
    }
  }
  float sum = 0;
  for (const float part : sums) {
    sum += part;
  }
  for (; k < weights.size(); ++k) {
    sum += weights[k] * static_cast<float>(row[k]);
  }
  return sum;
}

}  // namespace kwsd
