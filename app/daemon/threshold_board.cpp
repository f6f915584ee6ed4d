#include "app/daemon/threshold_board.h"

#include <utility>

#include "app/base/words.h"

namespace kwsd {

ThresholdBoard::ThresholdBoard(std::span<const std::shared_ptr<const Model>> models) {
  for (std::size_t model = 0; model < models.size(); ++model) {
    const std::vector<Label>& labels = models[model]->labels;
    first_.push_back(rows_.size());
    for (std::size_t label = 0; label < labels.size(); ++label) {
      if (labels[label].kind == LabelKind::keyword) {
        Row row{model, static_cast<int>(label), labels[label].name, {1, 1, 1}};
        for (std::size_t b = 0; b < row.in_force.size(); ++b) {
          const std::vector<float>& thresholds = models[model]->branches[b].thresholds;
          row.in_force[b] = label < thresholds.size() ? thresholds[label] : 1;
        }
        rows_.push_back(std::move(row));
      }
    }
  }
  first_.push_back(rows_.size());
  scores_ = std::make_unique<std::atomic<float>[]>(rows_.size());
  wanted_ = std::make_unique<std::array<std::atomic<float>, branch_count>[]>(rows_.size());
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::atomic<float>& value : wanted_[row]) {
      value = -1;
    }
  }
}

void ThresholdBoard::note(std::size_t model, int label, float threshold) noexcept {
  for (Row& row : rows_) {
    if (row.model == model && row.label == label) {
      row.in_force.fill(threshold);
    }
  }
}

bool ThresholdBoard::want(std::string_view word, float threshold, std::optional<BranchId> branch) noexcept {
  bool known = false;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (!word.empty() && !same_word(word, rows_[row].word)) {
      continue;
    }
    known = true;
    for (int b = 0; b < branch_count; ++b) {
      if (!branch || *branch == static_cast<BranchId>(b)) {
        wanted_[row][static_cast<std::size_t>(b)].store(threshold, std::memory_order_relaxed);
        rows_[row].in_force[static_cast<std::size_t>(b)] = threshold;
      }
    }
  }
  if (known) {
    changed_.store(true, std::memory_order_release);
  }
  return known;
}

}  // namespace kwsd
