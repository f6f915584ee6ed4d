// Everything that `kwsd live` shows, as plain values. Thread: the screen's.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

struct LiveKeyword {
  std::string name;
  float score = 0;             ///< the detector's, [0, 1]
  float peak = 0;              ///< highest of the last seconds
  float threshold = 0;         ///< in the branch that runs, [0, 1]
  bool threshold_set = false;  ///< set by key, and not written to the configuration yet
};

struct LiveDetection {
  std::string keyword;
  double end_seconds = 0;  ///< of the word, in the stream
  float score = 0;
  float threshold = 0;
  BranchId branch = BranchId::full;
  float level_db = 0, snr_db = 0;  ///< of the word: DetectionEvent
  std::string clock;               ///< local time of day, "14:03:27"; empty: not shown
};

/// Loudness of the last frame, dB below full scale.
struct LiveLevel {
  float rms_db = -99;
  float peak_db = -99;
  bool clipping = false;  ///< a sample at full scale within the last second
};

struct LiveState {
  std::string input;   ///< device, file, or "-"
  std::string models;  ///< names, separated by blanks
  std::uint32_t rate_hz = 0;
  bool device_lost = false;
  bool ended = false;
  bool muted = false;
  double seconds = 0;  ///< of the stream
  LiveLevel level;
  std::vector<LiveKeyword> keywords;
  std::size_t selected = 0;              ///< the keyword that keys act on
  std::deque<LiveDetection> detections;  ///< newest first
  std::int64_t detection_count = 0;
  BranchId branch = BranchId::full;
  bool branch_automatic = true;
  double machine_load = -1;        ///< [0, 1]; negative: unknown
  double own_load = -1;            ///< of kwsd, cores; negative: unknown
  double windows_per_second = -1;  ///< negative: unknown
  double overrun_seconds = 0;      ///< sound lost between device and network
  std::string message;             ///< the result of the last key, or a warning
  bool message_is_warning = false;
  int message_frames = 0;  ///< how long it has been shown

  void say(std::string text, bool warning) {
    message = std::move(text);
    message_is_warning = warning;
    message_frames = 0;
  }
};

inline constexpr std::size_t kept_detections = 200;

}  // namespace kwsd
