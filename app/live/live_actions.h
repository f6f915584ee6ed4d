// Effects of the keys of `kwsd live` outside the screen: thresholds in force and on disk, marks for training.
// Thread: the screen's.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "app/live/live_keys.h"
#include "app/live/live_state.h"
#include "app/live/live_tap.h"
#include "app/record/clip_folder.h"
#include "app/settings/threshold_config.h"

namespace kwsd {

class LiveActions {
 public:
  /// Callbacks that change the listening and the configuration. The last one returns the file that it wrote,
  /// or throws.
  struct Effects {
    std::function<void(bool)> set_muted;
    std::function<void(const std::string& word, float threshold)> set_threshold;
    std::function<std::filesystem::path(std::span<const NamedThreshold>)> write_thresholds;
  };

  /// Successes and failures are reported in the state. `state` and `tap` must outlive it.
  LiveActions(LiveState& state, const SoundTap& tap, ClipFolder clips, Effects effects);

  /// False for the key that quits.
  [[nodiscard]] bool press(int key);

 private:
  void act(LiveAction action);
  void write_changed_thresholds();
  void mark_miss();
  void mark_false_accept();
  void keep(const std::string& word, std::int64_t from_sample);

  LiveState& state_;
  const SoundTap& tap_;
  ClipFolder clips_;
  Effects effects_;
};

}  // namespace kwsd
