// Levels, scores and rates for the screen, computed from the tap. Thread: the screen's.
#pragma once

#include <cstdint>
#include <vector>

#include "app/live/live_state.h"
#include "app/live/live_tap.h"

namespace kwsd {

class LiveMeters {
 public:
  /// Fills level, keywords, branch, seconds and windows_per_second. `now_seconds`: any monotonic clock. A
  /// threshold that was set by key keeps its value until it is written. While muted, scores are 0.
  void update(LiveState& state, const SoundTap& sound, const ScoreTap& scores, double now_seconds);
  /// From here on, the score taps belong to another recognizer.
  void restart() noexcept;

 private:
  void level(LiveState& state, const SoundTap& tap);
  void keywords(LiveState& state, const ScoreTap& tap);
  void rate(LiveState& state, const ScoreTap& tap, double now_seconds);

  std::vector<float> samples_;
  std::int64_t metered_ = 0;              // samples
  std::int64_t clipping_until_ = 0;       // sample
  std::vector<std::int64_t> peak_until_;  // [keywords], sample
  double rate_since_ = -1;                // seconds
  std::int64_t windows_then_ = 0;
};

}  // namespace kwsd
