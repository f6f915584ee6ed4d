// Sound files of any kind that libsndfile reads: WAV, FLAC, Ogg, Opus. Thread: see SampleReader.
#pragma once

#include <filesystem>
#include <memory>

#include "app/audio/sample_reader.h"

namespace kwsd {

/// Opens `path` for one channel, counted from 1. Throws Error: no_input (missing, unreadable), bad_data
/// (no sound file, no samples, a rate outside 4 to 768 kHz), usage (a channel the file does not have).
[[nodiscard]] std::unique_ptr<SampleReader> open_sound_file(const std::filesystem::path& path, int channel);

}  // namespace kwsd
