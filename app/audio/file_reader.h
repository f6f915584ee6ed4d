// Sound files of any kind that libsndfile reads: WAV, FLAC, Ogg, Opus. Thread: see SampleReader.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/audio/sample_reader.h"
#include "app/base/descriptor.h"

namespace kwsd {

/// Opens `path` for one channel, counted from 1. Throws Error: no_input (missing, unreadable), bad_data
/// (no sound file, no samples, a rate outside 4 to 768 kHz), usage (a channel the file does not have).
[[nodiscard]] std::unique_ptr<SampleReader> open_sound_file(const std::filesystem::path& path, int channel);

/// The same for a pipe that delivers a sound file; `name` is for messages. A read returns about 20 ms of
/// sound, so that live sound is not delayed.
[[nodiscard]] std::unique_ptr<SampleReader> open_sound_pipe(Descriptor pipe, bool is_flac,
                                                            const std::string& name, int channel);

/// Whether libsndfile reads the file. Never waits, throws nothing.
[[nodiscard]] bool is_sound_file(const std::filesystem::path& path) noexcept;

}  // namespace kwsd
