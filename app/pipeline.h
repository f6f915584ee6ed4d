// The inference thread: samples -> 16 kHz -> frames -> MFCC -> network -> detector -> events. The page to
// open first in app/. Thread: constructed at set-up; run() on the inference thread, which allocates nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "app/capture_buffer.h"
#include "app/event_queue.h"
#include "app/options.h"
#include "app/resampler.h"
#include "engine/detect/detector.h"
#include "engine/features/framer.h"
#include "engine/features/mfcc.h"
#include "engine/nn/network.h"

namespace kwsd {

class ClipWriter;

class Pipeline {
 public:
  /// Throws Error (usage) for a threshold of a word that no model knows.
  Pipeline(const std::vector<std::shared_ptr<const Model>>& models, const RecognitionOptions& options,
           const Kernels& kernels, std::uint32_t first_rate_hz);
  ~Pipeline();

  /// Until the buffer is closed. Posts detections, status and branch changes to `events`.
  void run(CaptureBuffer& buffer, EventQueue& events) noexcept;

  /// The branch from the next window on. Any thread.
  void set_branch(BranchId branch, double load) noexcept;
  /// 0: none. Before run.
  void set_status_interval(double seconds) noexcept;
  /// Clips go to `writer`, which must outlive run. Before run.
  void set_clip_writer(ClipWriter* writer) noexcept { clips_ = writer; }
  /// What happened so far. After run has returned.
  [[nodiscard]] StatusEvent totals() const noexcept;

 private:
  /// One model: its network's stream, its detector, when its next window is due.
  struct Listener {
    Listener(std::shared_ptr<const Model> m, const Kernels& kernels, const DetectorParams& params);
    std::shared_ptr<const Model> model;
    Network network;
    Stream stream;
    Detector detector;
    int hop_frames = 1;
    int frames_to_window = 0;
    std::vector<float> posteriors;  // (labels)
  };
  /// Models with the same features share frames and MFCC.
  struct Features {
    explicit Features(const FeatureParams& params);
    Framer framer;
    Mfcc mfcc;
    std::vector<std::int8_t> frame;  // (coefficients)
    std::vector<std::unique_ptr<Listener>> listeners;
  };

  void apply_thresholds(const std::vector<std::string>& settings);
  void restart(std::uint32_t rate_hz) noexcept;
  void listen(std::span<const float> samples) noexcept;
  void on_frame(Features& features, std::span<const float> samples, std::int64_t index) noexcept;
  void on_window(Listener& listener, std::int64_t end_sample) noexcept;
  void drain() noexcept;
  void change_branch() noexcept;

  std::vector<std::unique_ptr<Features>> features_;
  std::unique_ptr<Resampler> resampler_;
  std::uint32_t rate_hz_;
  std::vector<float> captured_;  // one read of the capture buffer
  ClipWriter* clips_ = nullptr;
  EventQueue* events_ = nullptr;

  std::int64_t origin_sample_ = 0;  // stream sample at which the framers' sample 0 lies
  std::int64_t sample_ = 0;         // 16 kHz samples of the input so far
  bool draining_ = false;
  std::int64_t status_every_samples_ = 0;
  std::int64_t next_status_sample_ = 0;
  StatusEvent totals_;
  std::atomic<BranchId> wanted_branch_{BranchId::full};
  std::atomic<double> load_{-1.0};
};

}  // namespace kwsd
