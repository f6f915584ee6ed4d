#include "app/bench/stopwatch.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace kwsd {

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

namespace {

/// Seconds that `calls` calls take.
double time_of(const std::function<void()>& function, int calls) {
  const double start = thread_cpu_seconds();
  for (int i = 0; i < calls; ++i) {
    function();
  }
  return thread_cpu_seconds() - start;
}

double at_share(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

}  // namespace

Timing summarize(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {at_share(samples, 0.5), at_share(samples, 0.1), at_share(samples, 0.9)};
}

std::size_t Stopwatch::add(std::function<void()> function) {
  functions_.push_back(std::move(function));
  return functions_.size() - 1;
}

std::vector<Timing> Stopwatch::run(double seconds, const std::function<void()>& progress) const {
  constexpr int most_calls = 1 << 20;
  std::vector<int> calls;
  for (const auto& function : functions_) {
    function();  // caches and pages
    const double once = std::max(time_of(function, 1), 1e-8);
    calls.push_back(static_cast<int>(std::clamp(seconds / samples / once, 1.0, double{most_calls})));
  }
  std::vector<std::vector<double>> measured(functions_.size());
  for (int sample = 0; sample < samples; ++sample) {
    for (std::size_t i = 0; i < functions_.size(); ++i) {
      measured[i].push_back(time_of(functions_[i], calls[i]) / calls[i] * 1e6);
    }
    progress();
  }
  std::vector<Timing> timings;
  for (std::vector<double>& one : measured) {
    timings.push_back(summarize(std::move(one)));
  }
  return timings;
}

}  // namespace kwsd
