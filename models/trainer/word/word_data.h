// The training data of a word: the recordings found, and synthetic speech in addition. Thread: one.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "models/trainer/data/dataset.h"
#include "models/trainer/word/word.h"

namespace kwsd::train {

/// The recordings of a word: folders with at least one sound file each.
struct WordRecordings {
  std::vector<std::filesystem::path> folders;
  std::size_t clips = 0;
};

/// A folder given may be that of the word, or hold one of its name (`kwsd record --dir`). With none given, a
/// folder of the word's name in the present one. Throws Error (no_input): a folder given has no recording.
[[nodiscard]] WordRecordings find_recordings(const WordOptions& options);

/// The name of a word's model: blanks and apostrophes become '_'. Throws Error (usage) for none.
[[nodiscard]] std::string model_name(const WordOptions& options);

/// The amount of synthetic speech.
struct VoicePlan {
  std::size_t speakers = 60, other_speakers = 24, other_words = 1000, sentences = 240;
};
[[nodiscard]] VoicePlan voice_plan(const WordOptions& options, std::size_t recordings);

/// Speaks the word, other words and sentences into folders of `state`; existing files stay.
void speak_all(const WordOptions& options, const VoicePlan& plan, const std::filesystem::path& state);

/// The options of the data set: recordings, voices, --data, --mistakes. `voices_judge`: people's recordings
/// are too few to choose thresholds on, so synthetic voices are used.
[[nodiscard]] DataOptions data_options(const WordOptions& options, const WordRecordings& recordings,
                                       const std::filesystem::path& state, bool voices_judge);

}  // namespace kwsd::train
