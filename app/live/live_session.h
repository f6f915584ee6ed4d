// kwsd live: the threads of kwsd run, with a screen instead of the output thread.
//
//   Listening (source -> CaptureBuffer -> inference thread) -> Pipeline -> EventQueue -> main thread: screen
//   and keys
//                                                                 '--> SoundTap, ScoreTap --------^
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/base/stop_signals.h"
#include "app/daemon/controls.h"
#include "app/daemon/listening.h"
#include "app/daemon/pipeline.h"
#include "app/daemon/reload.h"
#include "app/live/live_actions.h"
#include "app/live/live_meters.h"
#include "app/live/live_state.h"
#include "app/live/live_tap.h"
#include "app/live/message_log.h"
#include "app/settings/options.h"
#include "app/settings/threshold_config.h"

namespace kwsd {

class Terminal;

struct LiveOptions {
  RunOptions settings;
  int frames_per_second = 10;
  std::string marks = "kwsd-marks";  ///< folder for marked recordings
  std::string speaker;               ///< the speaker in the names of those recordings
  std::string config;                ///< file for changed thresholds; empty: the one that applies
  /// Throws Error where the configuration, without the command line, would be refused with them.
  std::function<void(std::span<const NamedThreshold>)> check_thresholds;
  std::string screenshot;       ///< .svg or .txt; empty: none
  double at_seconds = -1;       ///< time of the screenshot; negative: the end of the input
  int rows = 24, columns = 80;  ///< size of the screenshot
};

class LiveSession {
 public:
  /// `read_settings` is called at each reload. Throws Error for any error before the first sample.
  LiveSession(const LiveOptions& options, Reload::Read read_settings);
  ~LiveSession();

  /// On a terminal until a key or a signal ends it; elsewhere a line per detection until the input ends.
  /// Throws Error when reading failed on the way.
  void run();

 private:
  void on_terminal(Terminal& terminal);
  void in_lines();
  void take_screenshot();
  bool next_detection(
      const std::function<void(const DetectionEvent&, std::chrono::system_clock::time_point)>& take);

  void start();
  void stop() noexcept;
  void refresh(double now_seconds);
  void take_events();
  void on_detection(const DetectionEvent& event, std::chrono::system_clock::time_point time);
  void govern(double now_seconds);
  [[nodiscard]] bool stopped();
  void prepare(Recognizer& recognizer);
  void finish_reload();
  void show_models();
  [[nodiscard]] const AudioSource& source() const noexcept { return listening_.source(); }
  void measure_own_load(double now_seconds);

  const LiveOptions options_;
  StopSignals stop_;
  bool stopped_ = false;
  MessageLog log_;  // prints its held messages after everything else has ended
  EventQueue events_;
  Pipeline pipeline_;
  SoundTap sound_;
  std::shared_ptr<ScoreTap> scores_, next_scores_;  // of the active recognizer, and of the next one
  LiveState state_;
  Listening listening_;
  Controls controls_;
  Reload reload_;
  LiveActions actions_;
  LiveMeters meters_;
  double own_since_ = -1, own_cpu_then_ = 0;
};

}  // namespace kwsd
