// What --input names, as a source of samples. Thread: set-up.
#pragma once

#include <memory>

#include "app/audio/audio_source.h"
#include "app/settings/options.h"

namespace kwsd {

/// What is waited for where it is not there at the start; anything else is an error then.
enum class DeviceWait {
  microphone,    ///< "mic", the default one
  sound_system,  ///< that, and PortAudio, which may not start
  any_device,    ///< also a device that is named
};

/// Throws Error: what open_stream and open_sound_file throw.
[[nodiscard]] std::unique_ptr<AudioSource> open_input(const InputOptions& options, DeviceWait wait);

}  // namespace kwsd
