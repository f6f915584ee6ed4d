// What a folder of recordings says about itself: words, speakers, transcripts. Hidden files and folders, and
// those that programs keep for themselves (is_housekeeping), are passed over everywhere. Thread: any.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// Whether a file or folder of this name belongs to a program, not to a person: hidden (.Trash-1000,
/// .ipynb_checkpoints), @eaDir, #recycle, $RECYCLE.BIN, lost+found, __MACOSX ...
[[nodiscard]] bool is_housekeeping(std::string_view name);

/// Sound and video files of kinds that libsndfile does not read, met on the way: counted, and named once.
class UnreadableFiles {
 public:
  void add(const std::filesystem::path& file);
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// One warning with the count, the kinds, the first file and how to convert it; nothing where there is
  /// none.
  void warn() const;

 private:
  std::size_t count_ = 0;
  std::filesystem::path first_;
  std::map<std::string, std::size_t> by_extension_;
};

/// Sound files below a folder, sorted by path: what libsndfile reads, whatever the extension. A file counts
/// as a folder of one. Links to folders are followed, but not back up: each file is found once; folders below
/// that may not be read are passed over. Throws Error (no_input) when the folder is missing.
[[nodiscard]] std::vector<std::filesystem::path> sound_files(const std::filesystem::path& folder,
                                                             UnreadableFiles& unreadable);

/// The folders of words directly below `folder`, sorted by name: without links that lead back up and without
/// _background_noise_; with _silence_ and _unknown_, where there are. Throws Error (no_input).
[[nodiscard]] std::vector<std::filesystem::path> word_folders(const std::filesystem::path& folder);

/// Who speaks, from the name of a file without its extension: `<speaker>_nohash_<n>` (Speech Commands),
/// `<digits>_...` (Arabic Speech Commands, synthetic voices), `<speaker>-<chapter>-<n>` (LibriSpeech), nine
/// digits of which five are the speaker's (speechocean762); else the whole name.
[[nodiscard]] std::string speaker_of(std::string_view stem);

/// File name without extension -> transcript, from the *.trans.txt files in a folder tree (LibriSpeech:
/// "<name> WORDS ..." per line). Throws Error (no_input, bad_data) for one that cannot be read.
[[nodiscard]] std::map<std::string, std::string> read_transcripts(const std::filesystem::path& folder);

/// Whether a transcript contains one of `words` (word_key), or a word that sounds the same (no, know; right,
/// write).
[[nodiscard]] bool says_any(std::string_view transcript, const std::vector<std::string>& words);

}  // namespace kwsd
