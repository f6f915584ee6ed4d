#include "app/live/live_tap.h"

#include <algorithm>

namespace kwsd {

static_assert(std::atomic<float>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

SoundTap::SoundTap(std::int64_t until)
    : until_(until), ring_(std::make_unique<std::atomic<float>[]>(kept_samples)) {}

void SoundTap::on_samples(std::span<const float> samples) noexcept {
  std::int64_t at = heard_.load(std::memory_order_relaxed);
  for (const float sample : samples) {
    if (at >= until_) {
      break;
    }
    ring_[static_cast<std::size_t>(at++) % kept_samples].store(sample, std::memory_order_release);
  }
  heard_.store(at, std::memory_order_release);
}

bool SoundTap::copy(std::int64_t from, std::span<float> out) const noexcept {
  const auto count = static_cast<std::int64_t>(out.size());
  if (from < 0 || from + count > heard_.load(std::memory_order_acquire)) {
    return false;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    out[static_cast<std::size_t>(i)] =
        ring_[static_cast<std::size_t>(from + i) % kept_samples].load(std::memory_order_acquire);
  }
  // A thread that has seen a sample (acquire) of a later block (release) also sees that the block before was
  // announced; the block being written reaches at most longest_block further.
  const std::int64_t newest =
      heard_.load(std::memory_order_relaxed) + static_cast<std::int64_t>(longest_block);
  return newest - from <= static_cast<std::int64_t>(kept_samples);
}

ScoreTap::ScoreTap(std::span<const std::shared_ptr<const Model>> models, std::int64_t until) : until_(until) {
  std::vector<int> labels;
  std::vector<float> thresholds;
  for (const std::shared_ptr<const Model>& model : models) {
    models_.push_back(model.get());
    first_.push_back(names_.size());
    for (std::size_t label = 0; label < model->labels.size(); ++label) {
      if (model->labels[label].kind == LabelKind::keyword) {
        names_.push_back(model->labels[label].name);
        labels.push_back(static_cast<int>(label));
        thresholds.push_back(model->branches[0].thresholds[label]);
      }
    }
  }
  first_.push_back(names_.size());
  taps_ = std::make_unique<KeywordTap[]>(names_.size());
  for (std::size_t k = 0; k < labels.size(); ++k) {
    taps_[k].label = labels[k];
    taps_[k].threshold = thresholds[k];
  }
}

void ScoreTap::on_window(const Model& model, const Detector& detector, BranchId branch,
                         std::int64_t end_sample) noexcept {
  if (end_sample > until_) {
    return;
  }
  const auto index =
      static_cast<std::size_t>(std::find(models_.begin(), models_.end(), &model) - models_.begin());
  if (index == models_.size()) {
    return;
  }
  for (std::size_t k = first_[index]; k < first_[index + 1]; ++k) {
    KeywordTap& tap = taps_[k];
    tap.score.store(detector.scores()[static_cast<std::size_t>(tap.label)], std::memory_order_relaxed);
    tap.threshold.store(detector.threshold(branch, tap.label), std::memory_order_relaxed);
  }
  branch_.store(branch, std::memory_order_relaxed);
  windows_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace kwsd
