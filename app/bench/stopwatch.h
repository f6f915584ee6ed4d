// Times short functions against each other, in CPU time of the calling thread, which excludes other work on
// the machine. Thread: one at a time.
#pragma once

#include <functional>
#include <vector>

namespace kwsd {

/// Microseconds of one call: the median of the samples, and the bounds of their middle 80 %.
struct Timing {
  double median_us = 0, low_us = 0, high_us = 0;
};

/// CPU time of the calling thread.
[[nodiscard]] double thread_cpu_seconds();

/// The median and the 10 and 90 % points of `samples` (any order, not empty).
[[nodiscard]] Timing summarize(std::vector<double> samples);

/// The functions to compare. Each sample is the mean of a batch of calls that is long enough for the clock;
/// the samples of all functions are taken in turn, so that disturbances of the machine affect all of them
/// equally.
class Stopwatch {
 public:
  static constexpr int samples = 51;

  /// Returns its place in the result of `run`.
  std::size_t add(std::function<void()> function);
  /// About `seconds` for each function; two calls and 51 batches at least. `progress` is called after each
  /// round of samples.
  [[nodiscard]] std::vector<Timing> run(double seconds, const std::function<void()>& progress) const;

 private:
  std::vector<std::function<void()>> functions_;
};

}  // namespace kwsd
