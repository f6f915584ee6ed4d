// Lists of clips: validation_list.txt, testing_list.txt. Thread: one.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kwsd {

/// The entries of a list, a clip a line: "word/name.wav", as Speech Commands has it. However people and
/// programs write it, an entry is found: with a byte order mark, "./", '\', an absolute path, the name of the
/// folder itself in front, with another extension or none, in another case or Unicode form of the word.
class ClipList {
 public:
  /// `folder`: that of the clips. Without a file there are no entries. Throws Error: no_input when it cannot
  /// be read, bad_data for UTF-16.
  ClipList(std::filesystem::path file, std::filesystem::path folder);

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// Whether a clip below the folder is on the list; its entry is not missing then.
  [[nodiscard]] bool contains(const std::filesystem::path& clip);
  /// Entries for which no clip was asked, as they stand in the list.
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
