// The results of `kwsd bench` as text, as JSON and as a picture. Thread: any, pure.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/bench/staged_net.h"
#include "app/bench/stopwatch.h"

namespace kwsd {

/// One window of the network, features to posteriors: without earlier results, and as the next window in a
/// stream.
struct WindowTimes {
  Timing whole, in_stream;
};

/// One kernel set.
struct SetTimes {
  std::string name, description;
  std::array<WindowTimes, branch_count> windows;
  std::array<std::array<Timing, stage_count>, branch_count> stages;  ///< in a stream
};

struct BenchReport {
  std::string model;
  std::string cpu;       ///< cpu_name()
  std::string selected;  ///< the set that --kernels auto takes here
  double hop_ms = 0;     ///< stream time from one window to the next
  bool streaming = false;
  int steps = 0;      ///< front-end steps in a window, or that a streaming net's full branch reaches
  int new_steps = 0;  ///< of these, those that the next window in a stream cannot reuse from earlier ones
  std::vector<SetTimes> sets;
  std::string float_library;  ///< "" where there is no comparison
  std::string float_missing;  ///< the reason why there is no comparison
  std::array<WindowTimes, branch_count> float32;
};

/// Times are microseconds: {"median", "low", "high"}, low and high being the bounds of the middle 80 %.
[[nodiscard]] nlohmann::ordered_json bench_json(const BenchReport& report);
/// The results and their comparison as tables.
[[nodiscard]] std::string bench_text(const BenchReport& report);
/// How the time of a window in a stream divides among the stages: a bar for each set and branch. A
/// stand-alone SVG.
[[nodiscard]] std::string bench_svg(const BenchReport& report);

}  // namespace kwsd
