// An audio source: a device, a file, standard input. A source has its own thread or callback and feeds a
// CaptureBuffer; it does not depend on what is done with the samples.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/audio/capture_buffer.h"
#include "app/audio/device_listener.h"
#include "engine/model/error.h"

namespace kwsd {

class AudioSource {
 public:
  AudioSource() = default;
  virtual ~AudioSource() = default;
  AudioSource(const AudioSource&) = delete;
  AudioSource& operator=(const AudioSource&) = delete;

  /// Device name, file name, or "-": for `ready` and the log.
  [[nodiscard]] virtual std::string name() const = 0;
  /// Rate of the samples it delivers; 0 while the device is missing.
  [[nodiscard]] virtual std::uint32_t rate_hz() const = 0;
  /// Channels that the open device has; 0: unknown.
  [[nodiscard]] virtual int channels() const { return 0; }
  /// Whether the input is live: sound that cannot be processed in time is dropped and counted. Otherwise the
  /// source waits for room (push_all) and nothing is lost.
  [[nodiscard]] virtual bool live() const noexcept = 0;

  /// Whether the source is waiting for a missing device: then the absence of sound is not a fault.
  [[nodiscard]] virtual bool waiting() const noexcept { return false; }

  /// Calls out.begin(rate) and starts to push. A device that disconnects and returns reports device_lost and
  /// device_restored to `listener` and calls begin again. `out` and `listener` outlive the source's threads.
  virtual void start(CaptureBuffer& out, DeviceListener& listener) = 0;
  /// Ends its threads, then closes the buffer. Within 0.5 s whatever the device does; may be called twice.
  virtual void stop() noexcept = 0;
  /// The error that ended the input early, if any (a read error, a truncated file). Valid once start has
  /// failed, or after stop.
  [[nodiscard]] virtual std::optional<Error> failure() const { return std::nullopt; }
};

}  // namespace kwsd
