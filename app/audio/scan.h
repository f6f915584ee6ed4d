// What a folder of recordings reveals about its content: words, speakers, transcripts. Hidden files and
// folders, and those that programs maintain for themselves (is_housekeeping), are skipped everywhere. Thread:
// any.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// Whether a file or folder of this name belongs to a program, not to a user: hidden (.Trash-1000,
/// .ipynb_checkpoints), @eaDir, #recycle, $RECYCLE.BIN, lost+found, __MACOSX ...
[[nodiscard]] bool is_housekeeping(std::string_view name);

/// Sound and video files in formats that libsndfile does not read, found during a scan: counted, and reported
/// once.
class UnreadableFiles {
 public:
  void add(const std::filesystem::path& file);
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// One warning with the count, the formats, the first file and how to convert it; nothing if no such file
  /// was found.
  void warn() const;

 private:
  std::size_t count_ = 0;
  std::filesystem::path first_;
  std::map<std::string, std::size_t> by_extension_;
};

/// Sound files below a folder, sorted by path: all that libsndfile reads, whatever the extension. A single
/// file counts as a folder of one. Links to folders are followed, but not back up: each file is found once;
/// unreadable subfolders are skipped. Throws Error (no_input) when the folder is missing.
[[nodiscard]] std::vector<std::filesystem::path> sound_files(const std::filesystem::path& folder,
                                                             UnreadableFiles& unreadable);

/// The word folders directly below `folder`, sorted by name: without links that lead back up and without
/// _background_noise_; with _silence_ and _unknown_, if present. Throws Error (no_input).
[[nodiscard]] std::vector<std::filesystem::path> word_folders(const std::filesystem::path& folder);

/// The speaker, from the name of a file without its extension: `<speaker>_nohash_<n>` (Speech Commands),
/// `<digits>_...` (Arabic Speech Commands, synthetic voices), `<speaker>-<chapter>-<n>` (LibriSpeech), nine
/// digits of which five are the speaker's (speechocean762); otherwise the whole name.
[[nodiscard]] std::string speaker_of(std::string_view stem);

/// File name without extension -> transcript, from the *.trans.txt files in a folder tree (LibriSpeech:
/// "<name> WORDS ..." per line). Throws Error (no_input, bad_data) for one that cannot be read.
[[nodiscard]] std::map<std::string, std::string> read_transcripts(const std::filesystem::path& folder);

/// Whether a transcript contains one of `words` (word_key), or a homophone of one (no, know; right, write).
[[nodiscard]] bool says_any(std::string_view transcript, const std::vector<std::string>& words);

}  // namespace kwsd
