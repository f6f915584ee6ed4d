// Detects the format of a file: sound that libsndfile reads, or sound that it does not read. Thread: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace kwsd {

/// The most bytes that the functions below examine.
inline constexpr std::size_t sound_kind_bytes = 16;

/// Whether a file that begins with these bytes has a header that libsndfile reads: WAV, FLAC, Ogg, AIFF, AU,
/// CAF, W64, NIST, MP3 with tags. Raw PCM has none.
[[nodiscard]] bool has_sound_header(std::span<const unsigned char> begin) noexcept;

/// The sound or video format that begins with these bytes and that libsndfile does not read ("MPEG-4",
/// "Matroska or WebM" ...); empty if the bytes identify none.
[[nodiscard]] std::string_view unreadable_kind(std::span<const unsigned char> begin) noexcept;

/// The kind of file that an extension suggests: sound that libsndfile reads (`sound`), sound or video that it
/// does not read (`unreadable`), text and pictures (`no_sound`), or none of these.
enum class NameKind { sound, unreadable, no_sound, other };
[[nodiscard]] NameKind kind_of_name(const std::filesystem::path& file);

/// "ffmpeg -i x.m4a -ar 16000 -ac 1 x.wav": the command that converts the file.
[[nodiscard]] std::string conversion_of(const std::filesystem::path& file);

}  // namespace kwsd
