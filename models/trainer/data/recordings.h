// The recordings in folders, decoded once and cached. Those that are of no use are named in the log, left out
// and counted. Thread: one; the samples are read by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "app/audio/scan.h"
#include "models/trainer/data/clip_store.h"

namespace kwsd::train {

/// Its recordings are silence or noise, and count as such.
inline constexpr const char* silence_folder = "_silence_";

struct RecordingOptions {
  std::filesystem::path cache;  ///< folder; empty: $XDG_CACHE_HOME/kwsd or ~/.cache/kwsd
  int channel = 1;              ///< from 1
  double shortest_word_seconds = 0.1;
  double longest_word_seconds = 5.0;
  unsigned threads = 4;  ///< that decode
};

struct Recording {
  std::filesystem::path file;
  std::span<const std::int16_t> samples;  ///< 16 kHz, as long-lived as the Recordings
  Extent word;                            ///< for words: its position

  /// By the name of the file (speaker_of).
  [[nodiscard]] std::string speaker() const { return speaker_of(file.stem().string()); }
};

class Recordings {
 public:
  explicit Recordings(RecordingOptions options);

  /// Sound files below a folder. Throws Error (no_input).
  [[nodiscard]] std::vector<std::filesystem::path> find(const std::filesystem::path& folder) {
    return sound_files(folder, unreadable_);
  }
  /// Those of `files`, all below `folder`, that hold a word: of a length within the limits, and more than a
  /// dead channel, except in silence_folder. Throws Error (io) when the cache cannot be written.
  [[nodiscard]] std::vector<Recording> words(const std::filesystem::path& folder,
                                             const std::vector<std::filesystem::path>& files);
  /// All below `folder` that hold at least a second of speech or noise. Throws Error (no_input, io).
  [[nodiscard]] std::vector<Recording> stretches(const std::filesystem::path& folder);

  struct Counts {
    std::size_t damaged = 0, too_short = 0, too_long = 0;
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  /// One warning about files of formats that libsndfile does not read, where there were any.
  void warn_unreadable() const { unreadable_.warn(); }

 private:
  [[nodiscard]] const std::vector<StoredClip>& decode(const std::filesystem::path& folder,
                                                      const std::vector<std::filesystem::path>& files);
  [[nodiscard]] bool sounds(const StoredClip& clip, const std::filesystem::path& file);
  [[nodiscard]] bool is_word(const StoredClip& clip, const std::filesystem::path& file);
  [[nodiscard]] bool is_stretch(const StoredClip& clip, const std::filesystem::path& file);

  RecordingOptions options_;
  std::vector<ClipStore> stores_;
  UnreadableFiles unreadable_;
  Counts counts_;
};

}  // namespace kwsd::train
