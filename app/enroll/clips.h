// Recordings that a word is made from, and earlier mistakes. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kwsd {

/// One recording.
struct EnrollClip {
  std::string name;
  std::vector<float> samples;  // 16 kHz, [-1, 1]
};

enum class SkippedClips : std::uint8_t { warn, known };

/// The recordings of a folder, or one file. A recording that cannot be used costs itself alone: the log names
/// the file and the reason, as a warning unless somebody has told of them already. Throws Error (no_input):
/// there is no such path.
[[nodiscard]] std::vector<EnrollClip> read_clips(const std::filesystem::path& path,
                                                 SkippedClips skipped = SkippedClips::warn);

/// Clips that a model got wrong.
struct Mistakes {
  std::vector<EnrollClip> missed, wrong;
};

/// From a folder, as `kwsd live` keeps them: WORD/ was missed, every other folder was detected. An empty
/// path: none.
[[nodiscard]] Mistakes read_mistakes(const std::filesystem::path& folder, const std::string& word,
                                     SkippedClips skipped = SkippedClips::warn);

}  // namespace kwsd
