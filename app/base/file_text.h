// The bytes of a file. Thread: any.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace kwsd {

/// All of `path`; nothing if the file cannot be opened or read (a directory, for instance).
[[nodiscard]] inline std::optional<std::string> file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  try {
    return std::string{std::istreambuf_iterator<char>(file), {}};
  } catch (const std::ios_base::failure&) {  // of the buffer, whatever the stream's mask
    return std::nullopt;
  }
}

}  // namespace kwsd
