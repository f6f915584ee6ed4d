// A microphone that may be unplugged and plugged in again.
//
//   callback (PortAudio's thread)   copies one channel into the CaptureBuffer, counts, nothing else
//   manager (a thread of ours)      makes every PortAudio call; opens, watches, closes, tries again
//
// The device counts as lost when the stream ends, no callback arrives for a second (an unplugged ALSA card
// stays "active" forever), or the machine has slept. Then: abort, close, terminate, initialise, find, open,
// with growing pauses in between, and immediately when a sound card is added. A PortAudio call that never
// returns blocks the manager, not the program: `stop` abandons the manager, and `waiting` turns false, so
// that the service watchdog notices.
#pragma once

#include <memory>

#include "app/audio/audio_source.h"
#include "app/audio/open_input.h"
#include "app/audio/retry_plan.h"

namespace kwsd {

struct MicrophoneOptions {
  std::string device = "mic";  ///< see find_input
  int channel = 1;             ///< counts from 1
  DeviceWait wait = DeviceWait::microphone;
  RetryPauses pauses{};  ///< between attempts to open a lost device
};

class PortaudioSource final : public AudioSource {
 public:
  explicit PortaudioSource(MicrophoneOptions options);
  ~PortaudioSource() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::uint32_t rate_hz() const override;
  [[nodiscard]] int channels() const override;
  [[nodiscard]] bool live() const noexcept override { return true; }
  [[nodiscard]] bool waiting() const noexcept override;
  /// Returns when the first attempt to open the device has ended, at most 0.8 s later; 5 s if a missing
  /// device is an error.
  void start(CaptureBuffer& out, DeviceListener& listener) override;
  void stop() noexcept override;
  [[nodiscard]] std::optional<Error> failure() const override;

 private:
  struct Shared;  // outlives a manager that hangs
  std::shared_ptr<Shared> shared_;
};

}  // namespace kwsd
