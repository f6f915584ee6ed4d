// One open PortAudio input stream. Thread: all of PortAudio's one thread; the counters from any.
#pragma once

#include <portaudio.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "app/audio/capture_buffer.h"
#include "app/audio/portaudio_devices.h"

namespace kwsd {

/// The state that the callback uses. It outlives the stream, even a stream that never ends.
class CallbackTarget {
 public:
  /// All the work of the callback. Real-time safe.
  void deliver(const float* interleaved, std::size_t frames, bool overflowed) noexcept;
  /// Afterwards the callback uses nothing but this object. Waits for a running callback (which never blocks).
  void shut() noexcept;

  CaptureBuffer* out = nullptr;  // these three: set before the stream starts, then constant
  int channels = 1;
  int channel = 0;                     // counts from 0
  std::atomic<bool> finished{false};   // the stream ended by itself
  std::atomic<std::uint32_t> beat{0};  // callbacks so far

 private:
  std::atomic<bool> busy_{false}, shut_{false};
};

/// Opens `device` so that `channel` (from 0) can be picked, at 16 kHz or else at the best rate that the
/// device has. `target` must outlive the stream. Throws Error (unavailable).
class PortaudioStream {
 public:
  PortaudioStream(const InputDevice& device, int channel, CallbackTarget& target);
  ~PortaudioStream();  ///< aborts and closes
  PortaudioStream(const PortaudioStream&) = delete;
  PortaudioStream& operator=(const PortaudioStream&) = delete;

  /// Throws Error (unavailable).
  void start();
  [[nodiscard]] bool active() const noexcept;
  [[nodiscard]] std::uint32_t rate_hz() const noexcept { return rate_hz_; }

 private:
  struct Opened {
    PaError error;
    bool ready;  // no attempt failed but for a rate or a number of channels that the device does not have
  };
  /// Tries the rates, the best one first. A device that is just being plugged in refuses every rate for a
  /// while; it may become ready at any of them, and then the rate that opens is not the best one (not ready).
  Opened open_at_best_rate(const InputDevice& device, int channel, CallbackTarget& target);

  PaStream* stream_ = nullptr;
  std::uint32_t rate_hz_ = 0;
};

}  // namespace kwsd
