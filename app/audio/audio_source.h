// Where sound comes from: a device, a file, standard input. A source has its own thread or callback and
// feeds a CaptureBuffer; it knows nothing of what happens to the samples.
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
  /// Rate of the samples it delivers; a device that is not there yet says 0.
  [[nodiscard]] virtual std::uint32_t rate_hz() const = 0;
  /// Channels that the open device has; 0: unknown.
  [[nodiscard]] virtual int channels() const { return 0; }
  /// Whether time goes on without us: what cannot be handled is dropped and counted. Otherwise the
  /// source waits for room (push_all) and nothing is lost.
  [[nodiscard]] virtual bool live() const noexcept = 0;

  /// Whether it knowingly waits for a device that is not there: no sound then is no defect.
  [[nodiscard]] virtual bool waiting() const noexcept { return false; }

  /// Calls out.begin(rate) and starts to push. A device that comes and goes reports device_lost and
  /// device_restored to `listener` and calls begin again. Both outlive the source's threads.
  virtual void start(CaptureBuffer& out, DeviceListener& listener) = 0;
  /// Ends its threads, then closes the buffer. Within 0.5 s whatever the device does; may be called twice.
  virtual void stop() noexcept = 0;
  /// What ended the input early, if anything (a read error, a truncated file). Once start has
  /// failed, or after stop.
  [[nodiscard]] virtual std::optional<Error> failure() const { return std::nullopt; }
};

}  // namespace kwsd
