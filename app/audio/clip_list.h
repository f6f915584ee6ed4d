// Lists of clips: validation_list.txt, testing_list.txt. Thread: one.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kwsd {

/// The entries of a list, one clip per line: "word/name.wav", as in Speech Commands. Entries match in any
/// common spelling: with a byte order mark, "./", '\', an absolute path, the name of the folder itself in
/// front, with another extension or none, in another case or Unicode form of the word.
class ClipList {
 public:
  /// `folder`: the folder of the clips. Without a file there are no entries. Throws Error: no_input when it
  /// cannot be read, bad_data for UTF-16.
  ClipList(std::filesystem::path file, std::filesystem::path folder);

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// Whether a clip below the folder is on the list; its entry then no longer counts as missing.
  [[nodiscard]] bool contains(const std::filesystem::path& clip);
  /// Entries that no lookup has matched, as written in the list.
  [[nodiscard]] std::vector<std::string> missing() const;

 private:
  struct Entry {
    std::string line;
    bool found = false;
  };
  void add(std::string_view line);

  std::filesystem::path file_, folder_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t> by_key_;  // several for an entry that can be read in several ways
};

}  // namespace kwsd
