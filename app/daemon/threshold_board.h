// Thresholds that another thread changes while a recognizer listens, and scores that it reads. One thread
// writes the wanted values at any time; the inference thread applies them before the next samples. No thread
// waits.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

class ThresholdBoard {
 public:
  /// One keyword of one model, and its threshold in each branch, [0, 1].
  struct Row {
    std::size_t model;
    int label;
    std::string word;
    std::array<float, branch_count> in_force;
  };

  /// A row for each keyword of each model, with the thresholds of the model.
  explicit ThresholdBoard(std::span<const std::shared_ptr<const Model>> models);

  /// Thread: any, one at a time, as for the functions below. Sets the threshold of `word`, [0, 1], in every
  /// model that has it (empty: of every keyword), in one branch or in all. False if no model has the word.
  bool want(std::string_view word, float threshold, std::optional<BranchId> branch = std::nullopt) noexcept;

  /// Sets the values that are already in force, before the recognizer listens.
  void note(std::size_t model, int label, float threshold) noexcept;
  /// The thresholds with the values wanted last.
  [[nodiscard]] std::span<const Row> rows() const noexcept { return rows_; }

  /// The score of a row's keyword after its newest window, [0, 1]; 0 before the first one.
  [[nodiscard]] float score(std::size_t row) const noexcept {
    return scores_[row].load(std::memory_order_relaxed);
  }

  /// Thread: inference. The scores of a model's labels after a window.
  void publish(std::size_t model, std::span<const float> scores) noexcept {
    for (std::size_t row = first_[model]; row < first_[model + 1]; ++row) {
      scores_[row].store(scores[static_cast<std::size_t>(rows_[row].label)], std::memory_order_relaxed);
    }
  }

  /// Thread: inference. Calls set(std::size_t model, int label, BranchId, float) for what has changed since
  /// the last call.
  template <typename Set>
  void take(Set&& set) noexcept {
    if (!changed_.exchange(false, std::memory_order_acquire)) {
      return;
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      for (int b = 0; b < branch_count; ++b) {
        const float value = wanted_[row][static_cast<std::size_t>(b)].exchange(-1, std::memory_order_relaxed);
        if (value >= 0) {
          set(rows_[row].model, rows_[row].label, static_cast<BranchId>(b), value);
        }
      }
    }
  }

 private:
  std::vector<Row> rows_;
  std::vector<std::size_t> first_;                // [models + 1], a model's first row
  std::unique_ptr<std::atomic<float>[]> scores_;  // [rows]
  std::unique_ptr<std::array<std::atomic<float>, branch_count>[]> wanted_;  // [rows]; negative: nothing
  std::atomic<bool> changed_{false};
};

}  // namespace kwsd
