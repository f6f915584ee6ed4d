#include "engine/detect/detector.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/model/error.h"

namespace kwsd {
namespace {

/// Without a minimum, a threshold near 0 would never re-arm.
constexpr float lowest_rearm_threshold = 0.1F;

void check_range(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    throw Error(ErrorKind::usage, std::string("detector: ") + field + " is " + std::to_string(value) +
                                      ", expected " + std::to_string(low) + " to " + std::to_string(high));
  }
}

void validate(const DetectorParams& p) {
  check_range("smoothing_seconds", p.smoothing_seconds, 0.001, 5.0);
  check_range("rivals_share", p.rivals_share, 0.0, 1.0);
  check_range("min_windows", p.min_windows, 1, 50);
  check_range("refractory_seconds", p.refractory_seconds, 0.0, 3600.0);
  for (const double seconds : p.label_refractory_seconds) {
    check_range("label_refractory_seconds", seconds, 0.0, 3600.0);
  }
  check_range("rearm_ratio", p.rearm_ratio, 0.0, 1.0);
  check_range("warm_up_seconds", p.warm_up_seconds, 0.0, 3600.0);
  check_range("word_seconds", p.word_seconds, 0.0, 10.0);
}

}  // namespace

Detector::Detector(const Model& model, const DetectorParams& params)
    : params_(params),
      labels_(static_cast<int>(model.labels.size())),
      window_samples_(model.window_samples()),
      scores_(model.labels.size()),
      keywords_(model.labels.size()) {
  validate(params);
  const auto samples = [&](double seconds) {
    return static_cast<std::int64_t>(std::llround(seconds * model.features.sample_rate_hz));
  };
  smoothing_samples_ = samples(params.smoothing_seconds);
  warm_up_samples_ = samples(params.warm_up_seconds);
  word_samples_ = samples(params.word_seconds);
  // Windows end at least one hop apart, so the ring holds all that one average can need.
  const auto in_span = static_cast<std::size_t>(smoothing_samples_ / model.features.hop_samples) + 1;
  windows_.resize(std::max(in_span, static_cast<std::size_t>(params.min_windows)));
  posteriors_.resize(windows_.size() * model.labels.size());
  detections_.reserve(1);
  for (std::size_t label = 0; label < model.labels.size(); ++label) {
    keywords_[label].is_keyword = model.labels[label].kind == LabelKind::keyword;
    keywords_[label].refractory_samples =
        samples(label < params.label_refractory_seconds.size() ? params.label_refractory_seconds[label]
                                                               : params.refractory_seconds);
  }
  for (std::size_t branch = 0; branch < thresholds_.size(); ++branch) {
    thresholds_[branch] = model.branches[branch].thresholds;
    thresholds_[branch].resize(model.labels.size(), 1.0F);
  }
  reset(0);
}

void Detector::set_threshold(BranchId branch, int label, float threshold) noexcept {
  thresholds_[static_cast<std::size_t>(branch)][static_cast<std::size_t>(label)] = threshold;
}

float Detector::threshold(BranchId branch, int label) const noexcept {
  return thresholds_[static_cast<std::size_t>(branch)][static_cast<std::size_t>(label)];
}

bool Detector::is_quiet(int label, std::int64_t sample) const noexcept {
  return sample < keywords_[static_cast<std::size_t>(label)].quiet_until;
}

std::span<const float> Detector::scores() const noexcept {
  return scores_;
}

void Detector::reset(std::int64_t sample) noexcept {
  remembered_ = 0;
  averaged_ = 0;
  detections_.clear();
  std::fill(scores_.begin(), scores_.end(), 0.0F);
  for (Keyword& keyword : keywords_) {
    keyword.armed = true;
    keyword.quiet_until = sample;
  }
  warm_until_ = sample + warm_up_samples_;
}

std::span<const Detection> Detector::push(std::span<const float> posteriors, std::int64_t end_sample,
                                          BranchId branch) noexcept {
  detections_.clear();
  if (end_sample < warm_until_) {
    return detections_;
  }
  const Window now{end_sample, branch};
  remember(posteriors, now);
  smooth();
  add_rivals();
  for (int label = 0; label < labels_; ++label) {
    Keyword& keyword = keywords_[static_cast<std::size_t>(label)];
    const float rearm_below =
        static_cast<float>(params_.rearm_ratio) * std::max(threshold(branch, label), lowest_rearm_threshold);
    keyword.armed = keyword.armed || scores_[static_cast<std::size_t>(label)] < rearm_below;
  }
  const auto top = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
  const Keyword& keyword = keywords_[static_cast<std::size_t>(top)];
  const bool passed = scores_[static_cast<std::size_t>(top)] >= threshold(branch, static_cast<int>(top));
  if (keyword.is_keyword && passed && keyword.armed && end_sample >= keyword.quiet_until &&
      averaged_ >= params_.min_windows) {
    report(static_cast<int>(top), now);
  }
  return detections_;
}

/// Ring slot of the window that came `age` windows before the newest.
std::size_t Detector::slot(int age) const noexcept {
  const auto ring = static_cast<int>(windows_.size());
  return static_cast<std::size_t>((newest_ + ring - age) % ring);
}

void Detector::remember(std::span<const float> posteriors, Window window) noexcept {
  if (remembered_ > 0) {
    const std::int64_t step = window.end_sample - windows_[slot(0)].end_sample;
    if (step <= 0 || step >= window_samples_) {
      remembered_ = 0;  // the stream has a gap
    }
  }
  const auto ring = static_cast<int>(windows_.size());
  newest_ = (newest_ + 1) % ring;
  remembered_ = std::min(remembered_ + 1, ring);
  windows_[slot(0)] = window;
  std::transform(posteriors.begin(), posteriors.begin() + labels_,
                 posteriors_.begin() + static_cast<std::ptrdiff_t>(slot(0)) * labels_,
                 [](float p) { return p > 0 ? std::min(p, 1.0F) : 0.0F; });  // NaN counts as 0
}

/// The posterior of a stored window on the scale of the newest one's branch.
float Detector::comparable(int age, int label) const noexcept {
  const float p =
      posteriors_[slot(age) * static_cast<std::size_t>(labels_) + static_cast<std::size_t>(label)];
  const float from = threshold(windows_[slot(age)].branch, label);
  const float to = threshold(windows_[slot(0)].branch, label);
  if (from == to) {
    return p;
  }
  return p < from ? p * (to / from) : 1 - (1 - p) * ((1 - to) / std::max(1 - from, 1e-6F));
}

void Detector::smooth() noexcept {
  const std::int64_t oldest_end = windows_[slot(0)].end_sample - smoothing_samples_;
  averaged_ = 1;
  while (averaged_ < remembered_ &&
         (windows_[slot(averaged_)].end_sample > oldest_end || averaged_ < params_.min_windows)) {
    ++averaged_;
  }
  for (int label = 0; label < labels_; ++label) {
    float sum = 0;
    for (int age = 0; age < averaged_; ++age) {
      sum += comparable(age, label);
    }
    scores_[static_cast<std::size_t>(label)] = sum / static_cast<float>(averaged_);
  }
}

void Detector::add_rivals() noexcept {
  float all = 0;
  float highest = -1;
  std::size_t top = 0;
  for (std::size_t label = 0; label < scores_.size(); ++label) {
    if (keywords_[label].is_keyword) {
      all += scores_[label];
      if (scores_[label] > highest) {
        highest = scores_[label];
        top = label;
      }
    }
  }
  if (highest >= 0) {
    scores_[top] = std::min(with_rivals(highest, all), 1.0F);
  }
}

float Detector::with_rivals(float own, float all) const noexcept {
  return own + static_cast<float>(params_.rivals_share) * (all - own);
}

/// A keyword's score from a single window.
float Detector::window_score(int age, int label) const noexcept {
  float all = 0;
  for (int keyword = 0; keyword < labels_; ++keyword) {
    all += keywords_[static_cast<std::size_t>(keyword)].is_keyword ? comparable(age, keyword) : 0.0F;
  }
  return with_rivals(comparable(age, label), all);
}

void Detector::report(int label, const Window& now) noexcept {
  const float passed = threshold(now.branch, label);
  // The word ended about when a window first recognized it.
  int first = averaged_ - 1;
  while (first > 0 && window_score(first, label) < passed) {
    --first;
  }
  Detection detection;
  detection.label = label;
  detection.score = scores_[static_cast<std::size_t>(label)];
  detection.threshold = passed;
  detection.end_sample = windows_[slot(first)].end_sample;
  detection.start_sample = std::max(
      {detection.end_sample - word_samples_, detection.end_sample - window_samples_, std::int64_t{0}});
  detection.branch = now.branch;
  detections_.push_back(detection);
  Keyword& keyword = keywords_[static_cast<std::size_t>(label)];
  keyword.armed = false;
  keyword.quiet_until = now.end_sample + keyword.refractory_samples;
}

}  // namespace kwsd
