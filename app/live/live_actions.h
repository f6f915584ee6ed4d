// What the keys of `kwsd live` do outside the screen: thresholds in force and on disk, marks for training.
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
  /// What keys do to the listening and to the configuration. The last one returns the file that was written,
  /// or throws.
  struct Effects {
    std::function<void(bool)> set_muted;
    std::function<void(const std::string& word, float threshold)> set_threshold;
    std::function<std::filesystem::path(std::span<const NamedThreshold>)> write_thresholds;
  };

  /// What is done, and what fails, is said in the state. `state` and `tap` must outlive it.
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
