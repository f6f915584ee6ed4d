// kwsd live: the threads of kwsd run, with a screen instead of the output thread.
//
//   source thread/callback -> CaptureBuffer -> Pipeline (inference) -> EventQueue -> main thread: screen and
//   keys
//                                                 '--> LiveTap --------------------------^
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/audio/audio_source.h"
#include "app/base/stop_signals.h"
#include "app/daemon/cpu_load.h"
#include "app/daemon/governor.h"
#include "app/daemon/pipeline.h"
#include "app/live/live_actions.h"
#include "app/live/live_meters.h"
#include "app/live/live_state.h"
#include "app/live/live_tap.h"
#include "app/live/message_log.h"
#include "app/settings/options.h"

namespace kwsd {

class Terminal;

struct LiveOptions {
  InputOptions input;
  RecognitionOptions recognition;
  int frames_per_second = 10;
  std::string marks = "kwsd-marks";  ///< folder for what is marked
  std::string speaker;               ///< in the names of those recordings
  std::string config;                ///< file that thresholds are written to; empty: the one that applies
  std::string screenshot;            ///< .svg or .txt; empty: none
  double at_seconds = -1;            ///< of the screenshot; negative: the end of the input
  int rows = 24, columns = 80;       ///< of the screenshot
};

class LiveSession {
 public:
  /// Throws Error for whatever is wrong before the first sample.
  explicit LiveSession(const LiveOptions& options);
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
  void measure_own_load(double now_seconds);

  const LiveOptions options_;
  StopSignals stop_;
  MessageLog log_;  // gives back what it held after everything else has ended
  Pipeline pipeline_;
  LiveTap tap_;
  LiveState state_;
  std::unique_ptr<AudioSource> source_;
  CaptureBuffer buffer_;
  EventQueue events_;
  LiveActions actions_;
  std::thread inference_;
  std::atomic<bool> inference_ended_{false};

  LiveMeters meters_;
  Governor governor_;
  CpuLoadReader load_;
  double governed_seconds_ = 0;
  double own_since_ = -1, own_cpu_then_ = 0;
};

}  // namespace kwsd
