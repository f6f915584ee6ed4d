// Writes thresholds into a configuration file written by a user. Thread: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace kwsd {

/// A keyword and its threshold, [0, 1].
using NamedThreshold = std::pair<std::string, float>;

/// As a configuration file has it: "stop=0.41".
[[nodiscard]] std::string threshold_entry(const NamedThreshold& threshold);

/// The text of a configuration file with these thresholds: the value of its key `threshold` is replaced, the
/// rest is unchanged byte for byte. Entries for other words, and one for all words, are kept; comments inside
/// the value are not. Throws Error (config) if the text is not a configuration file; `file` is for the
/// message.
[[nodiscard]] std::string with_thresholds(std::string_view text, std::span<const NamedThreshold> thresholds,
                                          std::string_view file);

/// The same for a file; if it has no key `threshold`, it gets that of `inherited`, a weaker file that it
/// hides. Written completely or not at all; it keeps its permissions, and a symbolic link remains one. A
/// missing file is created, with its parent folders. Throws Error (config, io).
void write_thresholds(const std::filesystem::path& file, std::span<const NamedThreshold> thresholds,
                      const std::filesystem::path& inherited = {});

/// The same for the file that preferred_config_file gives; returns that file. Throws Error (config, io).
std::filesystem::path keep_thresholds(const std::string& explicit_file,
                                      std::span<const NamedThreshold> thresholds);

}  // namespace kwsd
