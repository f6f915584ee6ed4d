// The work of the inference thread: 16 kHz samples -> recognizer -> events. The page to open first in app/.
// Thread: constructed at set-up; the calls of SoundConsumer on the inference thread, which allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "app/audio/capture_buffer.h"
#include "app/audio/level_meter.h"
#include "app/base/snapshot.h"
#include "app/daemon/listening.h"
#include "app/daemon/recognizer.h"
#include "app/events/event_queue.h"

namespace kwsd {

class ClipWriter;

class Pipeline final : public SoundConsumer {
 public:
  /// `events`, which outlives this, gets detections, status and changes of branch and mute.
  Pipeline(std::unique_ptr<Recognizer> recognizer, EventQueue& events);
  ~Pipeline() override;

  // Before the inference thread starts, or after its end.

  /// 0: none.
  void set_status_interval(double seconds) noexcept;
  /// Clips of detections and of near misses go to these, which outlive the inference thread. Null: none.
  void set_clip_writers(ClipWriter* detections, ClipWriter* near_misses) noexcept {
    clips_ = detections;
    near_misses_ = near_misses;
  }
  /// The observer receives all samples; it outlives the inference thread.
  void set_observer(SoundObserver* observer) noexcept { observer_ = observer; }
  /// The active recognizer.
  [[nodiscard]] Recognizer& recognizer() noexcept { return *recognizer_; }
  /// Counters so far.
  [[nodiscard]] StatusEvent totals() const noexcept { return totals_; }

  // The inference thread.

  void on_turn(const CaptureBuffer& buffer) noexcept override;
  void on_restart() noexcept override { start_afresh(); }
  void on_samples(std::span<const float> samples) noexcept override;
  void on_pause() noexcept override;
  void on_end() noexcept override;

  // Any thread.

  /// The branch from the next window on.
  void set_branch(BranchId branch, double load) noexcept;
  /// While muted, kwsd recognizes and keeps nothing; the stream's time continues. Speech before and after a
  /// change is never combined.
  void set_muted(bool muted) noexcept { wanted_muted_ = muted; }
  [[nodiscard]] bool muted() const noexcept { return wanted_muted_; }
  /// Counters so far, and the level at the last sound.
  [[nodiscard]] StatusEvent status() const noexcept { return status_.get(); }

  // The reloading thread.

  /// Replaces the recognizer without a gap: the next one runs alongside until it has as much history as it
  /// uses, for half a second both report (a word that both detect is reported once), and then the next one
  /// takes over. Its windows have the same positions as the old one's, so the same settings give the same
  /// detections. If the sound pauses for a second, or its device returns, the next one takes over
  /// immediately.
  void replace(std::unique_ptr<Recognizer> next) noexcept;
  /// The replaced recognizer, once its successor has taken over; null until then.
  [[nodiscard]] std::unique_ptr<Recognizer> take_replaced() noexcept;
  /// Of the newest recognizer.
  [[nodiscard]] ThresholdBoard& thresholds() noexcept { return *thresholds_; }

 private:
  struct Reported {
    const Recognizer* by = nullptr;
    std::size_t keyword = 0;  // its hash
    std::int64_t end_sample = 0;
  };

  void meet_next() noexcept;
  void take_over() noexcept;
  void start_afresh() noexcept;
  void count() noexcept;
  void listen(std::span<const float> samples) noexcept;
  void recognize(std::span<const float> samples) noexcept;
  void listen_with(Recognizer& recognizer, std::span<const float> samples, bool reports) noexcept;
  void listen_with_next(std::span<const float> samples) noexcept;
  void report(const Recognizer& by, const Recognizer::Found& found) noexcept;
  [[nodiscard]] bool reported_by_other(const Reported& candidate) const noexcept;
  void change_branch() noexcept;
  void change_mute() noexcept;

  std::unique_ptr<Recognizer> recognizer_, next_;
  std::atomic<Recognizer*> offered_{nullptr}, replaced_{nullptr};  // both owned
  std::int64_t next_since_ = 0;                                    // first sample that it receives
  std::array<Reported, 16> reported_{};                            // ring
  std::size_t newest_reported_ = 0;

  ThresholdBoard* thresholds_;  // of the reloading thread
  ClipWriter *clips_ = nullptr, *near_misses_ = nullptr;
  std::int64_t near_miss_count_ = 0;
  SoundObserver* observer_ = nullptr;
  EventQueue& events_;
  const CaptureBuffer* buffer_ = nullptr;
  LevelMeter level_;

  std::int64_t sample_ = 0;  // 16 kHz samples of the input so far
  int pauses_ = 0;           // since the last sound
  bool draining_ = false, muted_ = false;
  std::int64_t status_every_samples_ = 0;
  std::int64_t next_status_sample_ = 0;
  StatusEvent totals_;
  Snapshot<StatusEvent> status_;
  std::atomic<BranchId> wanted_branch_{BranchId::full};
  std::atomic<double> load_{-1.0};
  std::atomic<bool> wanted_muted_{false};
};

}  // namespace kwsd
