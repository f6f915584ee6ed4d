// Which kind of file something is: sound that libsndfile reads, or sound that it does not. Thread: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace kwsd {

/// Bytes that the functions below look at, at most.
inline constexpr std::size_t sound_kind_bytes = 16;

/// Whether a file that begins with these bytes has a header that libsndfile reads: WAV, FLAC, Ogg, AIFF, AU,
/// CAF, W64, NIST, MP3 with tags. Raw PCM has none.
[[nodiscard]] bool has_sound_header(std::span<const unsigned char> begin) noexcept;

/// The kind of sound or video that begins with these bytes and that libsndfile does not read ("MPEG-4",
/// "Matroska or WebM" ...); empty where they tell none.
[[nodiscard]] std::string_view unreadable_kind(std::span<const unsigned char> begin) noexcept;

/// How the name of a file ends: as that of sound that libsndfile reads (`sound`), of sound or video that it
/// does not (`unreadable`), of text and pictures (`no_sound`), or as none of these.
enum class NameKind { sound, unreadable, no_sound, other };
[[nodiscard]] NameKind kind_of_name(const std::filesystem::path& file);

/// "ffmpeg -i x.m4a -ar 16000 -ac 1 x.wav": how a person converts it.
[[nodiscard]] std::string conversion_of(const std::filesystem::path& file);

}  // namespace kwsd
