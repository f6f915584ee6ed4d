// What the keys of `kwsd live` do outside the screen: thresholds in force and on disk, marks for training.
// Thread: the screen's.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "app/live/live_keys.h"
#include "app/live/live_state.h"
#include "app/live/live_tap.h"
#include "app/record/clip_folder.h"

namespace kwsd {

class LiveActions {
 public:
  /// What is done, and what fails, is said in the state. `config_file`: says which file thresholds are
  /// written to, or throws. `state` and `tap` must outlive it.
  using ConfigFile = std::function<std::filesystem::path()>;
  LiveActions(LiveState& state, LiveTap& tap, ClipFolder clips, ConfigFile config_file);

  /// False for the key that quits.
  [[nodiscard]] bool press(int key);

 private:
  void act(LiveAction action);
  void write_changed_thresholds();
  void mark_miss();
  void mark_false_accept();
  void keep(const std::string& word, std::int64_t from_sample);

  LiveState& state_;
  LiveTap& tap_;
  ClipFolder clips_;
  ConfigFile config_file_;
};

}  // namespace kwsd
