// The inference thread: capture buffer -> 16 kHz -> recognizer -> events. The page to open first in app/.
// Thread: constructed at set-up; run() on the inference thread, which allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "app/audio/capture_buffer.h"
#include "app/daemon/recognizer.h"
#include "app/events/event_queue.h"

namespace kwsd {

class ClipWriter;

class Pipeline {
 public:
  explicit Pipeline(std::unique_ptr<Recognizer> recognizer);
  ~Pipeline();

  /// Until the buffer is closed. Posts detections, status and branch changes to `events`.
  void run(CaptureBuffer& buffer, EventQueue& events) noexcept;

  /// 0: none. Before run.
  void set_status_interval(double seconds) noexcept;
  /// Clips go to `writer`, which must outlive run. Before run.
  void set_clip_writer(ClipWriter* writer) noexcept { clips_ = writer; }
  /// Sees samples and windows, and may mute; outlives run. Before run. A recognizer that is replaced takes
  /// its observer along: the next one has none.
  void set_observer(PipelineObserver* observer) noexcept;
  /// The one that listens. Not while run is at work.
  [[nodiscard]] const Recognizer& recognizer() const noexcept { return *recognizer_; }
  /// What happened so far. After run has returned.
  [[nodiscard]] StatusEvent totals() const noexcept { return totals_; }

  // Any thread.

  /// The branch from the next window on.
  void set_branch(BranchId branch, double load) noexcept;
  /// While muted, nothing is recognized and nothing kept; the stream's time goes on. What is said across a
  /// change is not put together.
  void set_muted(bool muted) noexcept { wanted_muted_ = muted; }
  [[nodiscard]] bool muted() const noexcept { return wanted_muted_; }
  /// Times that run went round: grows at least five times a second as long as it lives.
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_; }
  /// Samples of 16 kHz that were heard: grows as long as there is sound.
  [[nodiscard]] std::int64_t samples_heard() const noexcept { return samples_heard_; }

  // The thread that reloads.

  /// Replaces the recognizer without a gap: the next one listens along until it remembers as much as it
  /// uses, for half a second both report (a word that both hear is reported once), and then it takes over.
  /// Its windows lie where the old one's lie, so the same settings find the same. Where the sound pauses
  /// for a second, or its device comes back, it takes over at once.
  void replace(std::unique_ptr<Recognizer> next) noexcept;
  /// The recognizer that was replaced, once its successor has taken over; null until then.
  [[nodiscard]] std::unique_ptr<Recognizer> take_replaced() noexcept;

 private:
  struct Reported {
    const Recognizer* by = nullptr;
    std::size_t keyword = 0;  // its hash
    std::int64_t end_sample = 0;
  };

  void meet_next() noexcept;
  void take_over() noexcept;
  void start_afresh() noexcept;
  void restart(std::shared_ptr<Resampler> resampler) noexcept;
  void listen(std::span<const float> samples) noexcept;
  void recognize(std::span<const float> samples) noexcept;
  void listen_with(Recognizer& recognizer, std::span<const float> samples, bool reports) noexcept;
  void listen_with_next(std::span<const float> samples) noexcept;
  void report(const Recognizer& by, const std::shared_ptr<const Model>& model, Detection detection) noexcept;
  [[nodiscard]] bool reported_by_other(const Reported& candidate) const noexcept;
  void drain() noexcept;
  void change_branch() noexcept;
  void change_mute() noexcept;

  std::unique_ptr<Recognizer> recognizer_, next_;
  std::atomic<Recognizer*> offered_{nullptr}, replaced_{nullptr};  // both owned
  std::int64_t next_since_ = 0;                                    // sample that it hears first
  std::array<Reported, 16> reported_{};                            // ring
  std::size_t newest_reported_ = 0;

  std::shared_ptr<Resampler> resampler_;
  std::vector<float> captured_;  // one read of the capture buffer
  ClipWriter* clips_ = nullptr;
  PipelineObserver* observer_ = nullptr;
  EventQueue* events_ = nullptr;

  std::int64_t sample_ = 0;  // 16 kHz samples of the input so far
  bool draining_ = false, muted_ = false;
  std::int64_t status_every_samples_ = 0;
  std::int64_t next_status_sample_ = 0;
  StatusEvent totals_;
  std::atomic<BranchId> wanted_branch_{BranchId::full};
  std::atomic<double> load_{-1.0};
  std::atomic<bool> wanted_muted_{false};
  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<std::int64_t> samples_heard_{0};
};

}  // namespace kwsd
