#include "app/live/live_meters.h"

#include <algorithm>
#include <cmath>

#include "app/audio/resampler.h"

namespace kwsd {

namespace {

constexpr std::int64_t second = stream_rate_hz;      // samples
constexpr std::int64_t least_samples = second / 10;  // of one level measurement
constexpr std::int64_t clipping_hold = second, peak_hold = 2 * second;
constexpr double rate_span_seconds = 2;
constexpr float full_scale = 0.99F;

float decibels(double amplitude) {
  return static_cast<float>(20 * std::log10(std::max(amplitude, 1e-5)));
}

}  // namespace

void LiveMeters::restart() noexcept {
  peak_until_.clear();
  rate_since_ = -1;
}

void LiveMeters::update(LiveState& state, const SoundTap& sound, const ScoreTap& scores, double now_seconds) {
  level(state, sound);
  keywords(state, scores);
  rate(state, scores, now_seconds);
  state.branch = scores.branch();
  state.seconds = static_cast<double>(metered_) / stream_rate_hz;
}

/// Level of the samples since the last look, at least 0.1 s and at most 1 s.
void LiveMeters::level(LiveState& state, const SoundTap& tap) {
  const std::int64_t heard = tap.heard();
  const std::int64_t count = std::min(heard, std::clamp(heard - metered_, least_samples, second));
  samples_.resize(static_cast<std::size_t>(count));
  metered_ = heard;
  if (count == 0 || !tap.copy(heard - count, samples_)) {
    return;
  }
  double energy = 0;
  float peak = 0;
  for (const float sample : samples_) {
    energy += static_cast<double>(sample) * sample;
    peak = std::max(peak, std::abs(sample));
  }
  if (peak >= full_scale) {
    clipping_until_ = heard + clipping_hold;
  }
  state.level = {decibels(std::sqrt(energy / static_cast<double>(count))), decibels(peak),
                 heard < clipping_until_};
}

void LiveMeters::keywords(LiveState& state, const ScoreTap& tap) {
  peak_until_.resize(tap.keywords().size());
  state.keywords.resize(tap.keywords().size());
  for (std::size_t k = 0; k < state.keywords.size(); ++k) {
    LiveKeyword& keyword = state.keywords[k];
    keyword.name = tap.keywords()[k];
    keyword.score = state.muted ? 0.0F : tap.score(k);
    if (keyword.score >= keyword.peak || metered_ >= peak_until_[k]) {
      keyword.peak = keyword.score;
      peak_until_[k] = metered_ + peak_hold;
    }
    if (!keyword.threshold_set) {
      keyword.threshold = tap.threshold(k);
    }
  }
}

void LiveMeters::rate(LiveState& state, const ScoreTap& tap, double now_seconds) {
  const double span = now_seconds - rate_since_;
  if (rate_since_ >= 0 && span < rate_span_seconds) {
    return;
  }
  const std::int64_t windows = tap.windows();
  if (rate_since_ >= 0) {
    state.windows_per_second = static_cast<double>(windows - windows_then_) / span;
  }
  rate_since_ = now_seconds;
  windows_then_ = windows;
}

}  // namespace kwsd
