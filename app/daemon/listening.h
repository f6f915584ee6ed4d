// Carries sound from its source to its consumer, for `kwsd run`, `live` and `record` alike: the source, the
// capture buffer, and the thread that takes samples out of it, resamples them to 16 kHz and passes them on.
//
//   source thread/callback -> CaptureBuffer -> [kwsd-infer: Resampler -> SoundConsumer]
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "app/audio/audio_source.h"
#include "app/audio/capture_buffer.h"
#include "app/audio/open_input.h"
#include "app/settings/options.h"

namespace kwsd {

/// Processes the sound. Thread: the one that calls `consume`; nothing may throw, and nothing may wait for
/// long.
class SoundConsumer {
 public:
  SoundConsumer() = default;
  virtual ~SoundConsumer() = default;
  SoundConsumer(const SoundConsumer&) = delete;
  SoundConsumer& operator=(const SoundConsumer&) = delete;

  /// At least five times a second, before each read of the buffer.
  virtual void on_turn(const CaptureBuffer&) noexcept {}
  /// The samples that follow are not continuous with the earlier ones: a start, or a device that has
  /// returned.
  virtual void on_restart() noexcept = 0;
  /// Samples of 16 kHz, full scale = 1; perhaps none, while the resampler fills.
  virtual void on_samples(std::span<const float> samples) noexcept = 0;
  /// No sound came for 0.2 s.
  virtual void on_pause() noexcept {}
  /// The input has ended.
  virtual void on_end() noexcept {}
};

/// The state of `consume` that other threads may read while it runs. Thread: any.
struct ListeningProgress {
  std::atomic<std::uint64_t> rounds{0};   ///< grows at least five times a second as long as the thread lives
  std::atomic<std::uint64_t> samples{0};  ///< captured: grows as long as there is sound
};

/// Feeds `consumer` until the buffer is closed. Allocates nothing of its own. Notifies `listener` when only
/// zeros arrive: at any time if the input is `live`, otherwise only for zeros at its beginning. Null: no
/// notification.
void consume(CaptureBuffer& buffer, SoundConsumer& consumer, ListeningProgress& progress, bool live = false,
             DeviceListener* listener = nullptr) noexcept;

class Listening final : private DeviceListener {
 public:
  /// `consumer` and `listener` outlive this. `listener` is not called before `begin`. Throws what open_input
  /// throws.
  Listening(const InputOptions& options, DeviceWait wait, SoundConsumer& consumer, DeviceListener& listener);
  ~Listening() { stop(); }

  /// Opens the source. Throws the Error of an input that failed immediately; the listener has then received
  /// nothing.
  void open();
  /// From here on, sound and device events are passed on.
  void begin();
  /// Ends the source and the thread, which passes on its remaining samples. May be called twice.
  void stop() noexcept;

  // Any thread.

  /// The input has ended, and all of it was passed on.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] const AudioSource& source() const noexcept { return *source_; }
  [[nodiscard]] const CaptureBuffer& buffer() const noexcept { return buffer_; }
  [[nodiscard]] const ListeningProgress& progress() const noexcept { return progress_; }

 private:
  void device_lost(const std::string& device, const std::string& reason) noexcept override;
  void device_restored(const std::string& device, std::uint32_t rate_hz) noexcept override;
  void input_silent(bool silent, int channel, int channels) noexcept override;

  const int channel_;
  std::unique_ptr<AudioSource> source_;
  CaptureBuffer buffer_;
  SoundConsumer& consumer_;
  DeviceListener& listener_;
  ListeningProgress progress_;
  std::mutex mutex_;  // of the three that follow
  bool begun_ = false, lost_ = false;
  std::string lost_device_, lost_reason_;  // before begin
  bool open_ = false;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace kwsd
