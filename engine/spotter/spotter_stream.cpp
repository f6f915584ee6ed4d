#include "engine/spotter/spotter_stream.h"

#include <algorithm>
#include <utility>

namespace kwsd {

SpotterStream::Listener::Listener(const Spotter::Listener& shared)
    : posteriors(*shared.network, shared.hop_frames),
      detector(shared.network->model(), shared.detector),
      features(shared.features),
      frame_samples(shared.network->model().features.frame_samples),
      hop_samples(shared.network->model().features.hop_samples) {}

SpotterStream::SpotterStream(std::shared_ptr<const Spotter> spotter) : spotter_(std::move(spotter)) {
  features_.reserve(spotter_->features_.size());
  for (const std::shared_ptr<const MfccTables>& tables : spotter_->features_) {
    features_.emplace_back(tables);
  }
  listeners_.reserve(spotter_->listeners_.size());
  for (const Spotter::Listener& listener : spotter_->listeners_) {
    listeners_.emplace_back(listener);
  }
  found_.reserve(listeners_.size() * most_pending_steps);
}

SpotterStream::~SpotterStream() = default;

std::size_t SpotterStream::push_some(std::span<const float> samples) noexcept {
  found_.clear();
  std::size_t count = samples.size();
  if (!muted_) {
    for (const FeatureStream& features : features_) {
      count = std::min(count, features.samples_to_frame());
    }
    levels_.push(samples.first(count));
    for (std::size_t f = 0; f < features_.size(); ++f) {
      features_[f].push(samples.first(count),
                        [&](std::span<const std::int8_t> frame) { on_frame(f, frame); });
    }
  }
  sample_ += static_cast<std::int64_t>(count);
  return count;
}

void SpotterStream::on_frame(std::size_t features, std::span<const std::int8_t> frame) noexcept {
  for (std::size_t model = 0; model < listeners_.size(); ++model) {
    if (listeners_[model].features == features && listeners_[model].posteriors.push_frame(frame)) {
      on_due(model);
    }
  }
}

void SpotterStream::on_due(std::size_t model) noexcept {
  Listener& listener = listeners_[model];
  for (const Posteriors& posteriors : listener.posteriors.classify(branch_)) {
    ++windows_;
    const std::int64_t end_sample =
        origin_ + (posteriors.end_frame - 1) * listener.hop_samples + listener.frame_samples;
    for (const Detection& detection : listener.detector.push(posteriors.values, end_sample, branch_)) {
      const float level = levels_.level_db(detection.start_sample, detection.end_sample);
      const auto after = std::upper_bound(
          found_.begin(), found_.end(), detection.end_sample,
          [](std::int64_t end, const Spotting& other) { return end < other.detection.end_sample; });
      found_.insert(after, {model, detection, level, std::max(0.0F, level - levels_.floor_db())});
    }
    if (observer_ != nullptr) {
      observer_->on_window(*this, model, end_sample);
    }
  }
}

void SpotterStream::restart(std::int64_t sample) noexcept {
  sample_ = origin_ = sample;
  levels_.restart(sample);
  for (FeatureStream& features : features_) {
    features.reset();
  }
  for (Listener& listener : listeners_) {
    listener.posteriors.reset();
    listener.detector.reset(sample);
  }
}

void SpotterStream::set_muted(bool muted) noexcept {
  if (muted != muted_) {
    muted_ = muted;
    restart(sample_);
  }
}

void SpotterStream::set_threshold(std::size_t model, int label, BranchId branch, float threshold) noexcept {
  listeners_[model].detector.set_threshold(branch, label, threshold);
}

void SpotterStream::set_threshold(std::size_t model, int label, float threshold) noexcept {
  for (int branch = 0; branch < branch_count; ++branch) {
    set_threshold(model, label, static_cast<BranchId>(branch), threshold);
  }
}

float SpotterStream::threshold(std::size_t model, int label, BranchId branch) const noexcept {
  return listeners_[model].detector.threshold(branch, label);
}

std::span<const float> SpotterStream::scores(std::size_t model) const noexcept {
  return listeners_[model].detector.scores();
}

SecondStageCounts SpotterStream::second_stage() const noexcept {
  SecondStageCounts sum;
  for (const Listener& listener : listeners_) {
    sum += listener.posteriors.second_stage();
  }
  return sum;
}

std::int64_t SpotterStream::next_start(std::int64_t sample) const noexcept {
  if (listeners_.empty()) {
    return sample;
  }
  const std::int64_t hop = spotter_->hop_samples(0);
  return origin_ + (sample - origin_ + hop - 1) / hop * hop;
}

}  // namespace kwsd
