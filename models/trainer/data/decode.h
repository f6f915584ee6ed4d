// A sound file of any format, rate and channel count -> 16 kHz mono. Thread: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace kwsd::train {

inline constexpr int sample_rate_hz = 16000;

/// Decodes a whole file: the mean of its channels, brought to 16 kHz. At most max_seconds of it are kept.
/// Throws Error: no_input when it cannot be opened, bad_data when it is not sound or ends in garbage.
[[nodiscard]] std::vector<std::int16_t> decode_16k(const std::filesystem::path& path, double max_seconds);

/// Writes 16 kHz mono 16-bit WAV or FLAC (by the extension). Throws Error (io) when it cannot be written.
void write_16k(const std::filesystem::path& path, const std::vector<std::int16_t>& samples);

}  // namespace kwsd::train
