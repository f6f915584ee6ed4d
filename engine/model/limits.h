// The limits of a model (models/FORMAT.md), and checks of text. Thread: any, pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kwsd {

namespace limits {
inline constexpr std::size_t name_bytes = 64;
inline constexpr std::size_t provenance_bytes = 65536;
inline constexpr int labels = 256;
inline constexpr int steps = 128;
inline constexpr int channels = 1024;
inline constexpr int kernel = 16;
inline constexpr int freq = 128;
inline constexpr int stride = 8;
inline constexpr int conv_layers = 32;
inline constexpr std::size_t inputs = 8192;
inline constexpr int blocks = 32;
inline constexpr int window_frames = 1024;
inline constexpr std::size_t stream_bytes = 8U << 20U;
}  // namespace limits

/// Whether the bytes are well-formed UTF-8 without NUL.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Whether the text can name a model: 1 to 64 bytes of letters, digits, '_', '-' and UTF-8 beyond ASCII.
[[nodiscard]] bool is_name(std::string_view text) noexcept;
inline constexpr std::string_view name_expected = "1 to 64 bytes of letters, digits, '_' and '-' in UTF-8";

/// Whether the text can be a label: names with ' and blanks, but no blank at an end and no two together: "hey
/// computer".
[[nodiscard]] bool is_label(std::string_view text) noexcept;
inline constexpr std::string_view label_expected =
    "1 to 64 bytes of letters, digits, '_', '-', ' and single spaces in UTF-8";

/// The text with every byte that is not printable ASCII as '?', 64 bytes at most: for error lines.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace kwsd
