#include "app/daemon/threshold_board.h"

namespace kwsd {

ThresholdBoard::ThresholdBoard(std::span<const std::shared_ptr<const Model>> models) {
  for (std::size_t model = 0; model < models.size(); ++model) {
    const std::vector<Label>& labels = models[model]->labels;
    for (std::size_t label = 0; label < labels.size(); ++label) {
      if (labels[label].kind == LabelKind::keyword) {
        rows_.push_back({model, static_cast<int>(label), labels[label].name});
      }
    }
  }
  wanted_ = std::make_unique<std::array<std::atomic<float>, branch_count>[]>(rows_.size());
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::atomic<float>& value : wanted_[row]) {
      value = -1;
    }
  }
}

bool ThresholdBoard::want(std::string_view word, float threshold, std::optional<BranchId> branch) noexcept {
  bool known = false;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (!word.empty() && word != rows_[row].word) {
      continue;
    }
    known = true;
    for (int b = 0; b < branch_count; ++b) {
      if (!branch || *branch == static_cast<BranchId>(b)) {
        wanted_[row][static_cast<std::size_t>(b)].store(threshold, std::memory_order_relaxed);
      }
    }
  }
  if (known) {
    changed_.store(true, std::memory_order_release);
  }
  return known;
}

}  // namespace kwsd
