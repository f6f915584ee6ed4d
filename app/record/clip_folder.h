// Recordings of words in the layout of Speech Commands: <folder>/<word>/<speaker>_nohash_<n>.wav. Thread:
// one.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace kwsd {

class ClipFolder {
 public:
  /// `speaker`: letters, digits, '-'; empty: eight hex digits that stand for this user on this machine and
  /// tell nobody who it is. Throws Error (usage).
  ClipFolder(std::filesystem::path folder, const std::string& speaker);

  /// Writes a 16 kHz clip under the next free number; never touches a file that exists. Throws Error: usage
  /// where `word` can be no keyword (check_keyword), io.
  std::filesystem::path save(const std::string& word, std::span<const float> samples) const;

 private:
  std::filesystem::path folder_;
  std::string speaker_;
};

}  // namespace kwsd
