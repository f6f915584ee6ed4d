// Somebody who looks on while the pipeline works (`kwsd live`). Thread: every call comes from the inference
// thread: no lock, no allocation, no waiting.
#pragma once

#include <cstdint>
#include <span>

#include "engine/detect/detector.h"
#include "engine/model/model.h"

namespace kwsd {

class PipelineObserver {
 public:
  PipelineObserver() = default;
  virtual ~PipelineObserver() = default;
  PipelineObserver(const PipelineObserver&) = delete;
  PipelineObserver& operator=(const PipelineObserver&) = delete;

  /// 16 kHz samples before they are listened to. Returns what is listened to instead: the same ones, or as
  /// many others (silence while muted), valid until the next call.
  virtual std::span<const float> on_samples(std::span<const float> samples) noexcept = 0;
  /// After each window: the detector has its scores, and takes thresholds for the next window.
  virtual void on_window(const Model& model, Detector& detector, BranchId branch,
                         std::int64_t end_sample) noexcept = 0;
};

}  // namespace kwsd
