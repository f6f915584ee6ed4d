#include "app/daemon/near_misses.h"

#include <algorithm>

namespace kwsd {

namespace {

constexpr float lowest_threshold = 0.1F;  // below it, noise would be near

}  // namespace

NearMisses::NearMisses(std::span<const std::shared_ptr<const Model>> models) {
  for (const auto& model : models) {
    first_.push_back(keywords_.size());
    for (std::size_t label = 0; label < model->labels.size(); ++label) {
      if (model->labels[label].kind == LabelKind::keyword) {
        keywords_.push_back({label, model->labels[label].name});
      }
    }
  }
  first_.push_back(keywords_.size());
}

void NearMisses::on_window(std::size_t model, const Detector& detector, BranchId branch,
                           std::int64_t end_sample) noexcept {
  const std::span<const float> scores = detector.scores();
  for (std::size_t k = first_[model]; k < first_[model + 1]; ++k) {
    Keyword& keyword = keywords_[k];
    const int label = static_cast<int>(keyword.label);
    const float share = scores[keyword.label] / std::max(detector.threshold(branch, label), lowest_threshold);
    keyword.armed = keyword.armed || share < rearm_share;
    if (keyword.since >= 0) {
      keyword.peak = std::max(keyword.peak, share);
      if (end_sample - keyword.since >= after_samples) {
        decide(keyword);
      }
    } else if (keyword.armed && share >= near_share && !detector.is_quiet(label, end_sample)) {
      keyword.armed = false;
      keyword.since = end_sample;
      keyword.peak = share;
    }
  }
}

void NearMisses::decide(Keyword& keyword) noexcept {
  const bool outdone = std::any_of(keywords_.begin(), keywords_.end(), [&keyword](const Keyword& other) {
    return other.since >= 0 && other.peak > keyword.peak;
  });
  if (!outdone && keyword.since - last_ >= before_samples) {
    found_ = &keyword.word;
    last_ = keyword.since;
  }
  keyword.since = -1;
}

void NearMisses::restart() noexcept {
  for (Keyword& keyword : keywords_) {
    keyword.armed = true;
    keyword.since = -1;
  }
}

}  // namespace kwsd
