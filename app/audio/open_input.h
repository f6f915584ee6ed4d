// Opens the source of samples that --input names. Thread: set-up.
#pragma once

#include <memory>

#include "app/audio/audio_source.h"
#include "app/settings/options.h"

namespace kwsd {

/// Which inputs kwsd waits for if they are missing at the start; any other missing input is an error.
enum class DeviceWait {
  microphone,    ///< "mic", the default one
  sound_system,  ///< the default one, and PortAudio, which may fail to start
  any_device,    ///< also a named device
};

/// Throws Error: what open_stream and open_sound_file throw.
[[nodiscard]] std::unique_ptr<AudioSource> open_input(const InputOptions& options, DeviceWait wait);

}  // namespace kwsd
