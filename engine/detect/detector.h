// Posteriors of successive windows -> one event per spoken word. Thread: one; no allocation after
// construction. Time is stream time in samples, so a file run is reproducible.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

struct DetectorParams {
  double smoothing_seconds = 0.3;    ///< posteriors are averaged over the windows of this span; > 0
  int min_windows = 2;               ///< fewest windows in the average before anything is reported
  double refractory_seconds = 1.0;   ///< per keyword, in stream time; 0 disables
  double rearm_ratio = 0.7;          ///< re-armed once the smoothed score fell below ratio * threshold
  double warm_up_seconds = 0.0;      ///< windows that end this soon after reset are dropped
};

/// One spoken word. Samples count from the start of the stream.
struct Detection {
  int label = 0;
  float score = 0;      ///< smoothed posterior at its peak so far, [0, 1]
  float threshold = 0;  ///< the threshold it passed
  std::int64_t start_sample = 0;
  std::int64_t end_sample = 0;
  BranchId branch = BranchId::full;
};

class Detector {
 public:
  /// thresholds[branch][label] override the model's where given (NaN keeps the model's).
  Detector(const Model& model, const DetectorParams& params);

  /// Threshold of one keyword in one branch, [0, 1]. Takes effect with the next window.
  void set_threshold(BranchId branch, int label, float threshold) noexcept;
  [[nodiscard]] float threshold(BranchId branch, int label) const noexcept;

  /// Posteriors (labels) of the window that ends at end_sample. Returns the detections it completes
  /// (normally none or one); the span is valid until the next call.
  [[nodiscard]] std::span<const Detection> push(std::span<const float> posteriors, std::int64_t end_sample,
                                                BranchId branch) noexcept;
  /// Smoothed posteriors after the last push: (labels).
  [[nodiscard]] std::span<const float> smoothed() const noexcept;
  /// After start, reconnect: forgets history, starts the warm-up anew at `sample`.
  void reset(std::int64_t sample) noexcept;

 private:
  struct State;
  // filled in by detector.cpp's owner
};

}  // namespace kwsd
