// What --input names, as a source of samples. Thread: set-up.
#pragma once

#include <memory>

#include "app/audio/audio_source.h"
#include "app/settings/options.h"

namespace kwsd {

/// `wait_for_device`: a microphone that is named and not there is waited for; otherwise that is an error.
/// Throws Error: what open_stream and open_sound_file throw.
[[nodiscard]] std::unique_ptr<AudioSource> open_input(const InputOptions& options, bool wait_for_device);

}  // namespace kwsd
