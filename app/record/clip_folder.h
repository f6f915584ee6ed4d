// Recordings of words in the layout of Speech Commands: <folder>/<word>/<speaker>_nohash_<n>.wav. Thread:
// one.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace kwsd {

class ClipFolder {
 public:
  /// `speaker`: letters, digits, '-'; empty: eight hex digits that identify this user on this machine without
  /// revealing the user's name. Throws Error (usage).
  ClipFolder(std::filesystem::path folder, const std::string& speaker);

  /// Writes a 16 kHz clip under the next free number; never overwrites a file. Throws Error: usage if `word`
  /// cannot be a keyword (check_keyword), io.
  std::filesystem::path save(const std::string& word, std::span<const float> samples) const;

 private:
  std::filesystem::path folder_;
  std::string speaker_;
};

}  // namespace kwsd
