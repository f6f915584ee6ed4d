// Observers of the pipeline (`kwsd live`), which change nothing. Thread: every call comes from the inference
// thread: no lock, no allocation, no waiting.
#pragma once

#include <cstdint>
#include <span>

#include "engine/detect/detector.h"
#include "engine/model/model.h"

namespace kwsd {

/// Receives the sound.
class SoundObserver {
 public:
  SoundObserver() = default;
  virtual ~SoundObserver() = default;
  SoundObserver(const SoundObserver&) = delete;
  SoundObserver& operator=(const SoundObserver&) = delete;

  /// 16 kHz samples, full scale = 1, also while kwsd is muted.
  virtual void on_samples(std::span<const float> samples) noexcept = 0;
};

/// Receives the windows of one recognizer.
class WindowObserver {
 public:
  WindowObserver() = default;
  virtual ~WindowObserver() = default;
  WindowObserver(const WindowObserver&) = delete;
  WindowObserver& operator=(const WindowObserver&) = delete;

  /// After each window: the detector has its scores.
  virtual void on_window(const Model& model, const Detector& detector, BranchId branch,
                         std::int64_t end_sample) noexcept = 0;
};

}  // namespace kwsd
