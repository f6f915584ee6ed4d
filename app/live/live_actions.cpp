#include "app/live/live_actions.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/audio/resampler.h"

namespace kwsd {

namespace {

constexpr std::int64_t mark_samples = 32000;       // 2 s
constexpr std::int64_t after_word_samples = 8000;  // of a false accept

}  // namespace

LiveActions::LiveActions(LiveState& state, const SoundTap& tap, ClipFolder clips, Effects effects)
    : state_(state), tap_(tap), clips_(std::move(clips)), effects_(std::move(effects)) {}

bool LiveActions::press(int key) {
  const bool muted = state_.muted;
  const LiveAction action = press_key(state_, key);
  if (state_.muted != muted) {
    effects_.set_muted(state_.muted);
  }
  if (action == LiveAction::threshold_moved) {
    const LiveKeyword& keyword = state_.keywords[state_.selected];
    effects_.set_threshold(keyword.name, keyword.threshold);
  }
  try {
    act(action);
  } catch (const std::exception& error) {
    state_.say(error.what(), true);
  }
  return action != LiveAction::quit;
}

void LiveActions::act(LiveAction action) {
  switch (action) {
    case LiveAction::write_thresholds:
      write_changed_thresholds();
      break;
    case LiveAction::mark_miss:
      mark_miss();
      break;
    case LiveAction::mark_false_accept:
      mark_false_accept();
      break;
    case LiveAction::threshold_moved:
    case LiveAction::none:
    case LiveAction::quit:
      break;
  }
}

void LiveActions::write_changed_thresholds() {
  std::vector<NamedThreshold> changed;
  for (const LiveKeyword& keyword : state_.keywords) {
    if (keyword.threshold_set) {
      changed.emplace_back(keyword.name, keyword.threshold);
    }
  }
  if (changed.empty()) {
    state_.say("no threshold was changed (+ and -)", true);
    return;
  }
  const std::filesystem::path file = effects_.write_thresholds(changed);
  for (LiveKeyword& keyword : state_.keywords) {
    keyword.threshold_set = false;
  }
  state_.say("written: " + file.string(), false);
}

/// Marks a miss of the selected keyword: saves the last 2 s.
void LiveActions::mark_miss() {
  if (state_.selected < state_.keywords.size()) {
    keep(state_.keywords[state_.selected].name, tap_.heard() - mark_samples);
  }
}

/// Marks a false accept: saves 2 s around the word of the last detection, under a name that is not a keyword.
void LiveActions::mark_false_accept() {
  if (state_.detections.empty()) {
    state_.say("there is no detection to mark as a false accept", true);
    return;
  }
  const LiveDetection& last = state_.detections.front();
  const std::int64_t end = std::llround(last.end_seconds * stream_rate_hz) + after_word_samples;
  keep("not_" + last.keyword, std::min(end, tap_.heard()) - mark_samples);
}

void LiveActions::keep(const std::string& word, std::int64_t from_sample) {
  std::vector<float> samples(static_cast<std::size_t>(mark_samples));
  if (!tap_.copy(std::max<std::int64_t>(from_sample, 0), samples)) {
    state_.say("less than 2 s of sound, or too long ago", true);
    return;
  }
  state_.say("saved: " + clips_.save(word, samples).string(), false);
}

}  // namespace kwsd
