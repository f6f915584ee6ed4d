// The recordings for training a model: each clip's word, speaker and split.
// Thread: built by one; read by any afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/model.h"
#include "models/trainer/data/recordings.h"

namespace kwsd::train {

enum class Split : std::uint8_t { train = 0, validation = 1, test = 2 };
inline constexpr int split_count = 3;

enum class CollectionPart : std::uint8_t { all, first, second };

struct DataOptions {
  /// Folders in the Speech Commands layout: a folder per word, validation_list.txt, testing_list.txt,
  /// _background_noise_. Words of the same name (same_word) are joined: "Stop " is "stop". _unknown_ holds
  /// unknown words, _silence_ noise.
  std::vector<std::filesystem::path> words;
  /// Test sets in that layout, such as the official balanced ones of Speech Commands: they make up the whole
  /// test split, and other clips that would have been in it are left out.
  std::vector<std::filesystem::path> test_words;
  /// One word's recordings in a folder of their own: name, folder.
  std::vector<std::pair<std::string, std::filesystem::path>> own_words;
  /// More such folders, for training alone: lists are ignored, and nothing is validated or tested on them.
  std::vector<std::filesystem::path> training_words;
  /// The same, and none of their words is a keyword, whatever its name (another language).
  std::vector<std::filesystem::path> other_words;
  /// Words cut out of running speech, for training alone: cut_margin_seconds of their neighbours at each
  /// side.
  std::vector<std::filesystem::path> cut_words;
  double cut_margin_seconds = 0.2;
  std::vector<std::string> keywords;          ///< all other words are unknown
  std::vector<std::filesystem::path> speech;  ///< continuous speech; utterances with a keyword are dropped
  /// Continuous speech that never trains: half of its speakers validate, the others test.
  std::vector<std::filesystem::path> held_out_speech;
  /// Collections to measure false accepts on, name and folder: nothing of them trains, validates or tests.
  std::vector<std::pair<std::string, std::filesystem::path>> collections;
  /// The part of a collection's speakers to use: thresholds are chosen on the first half and measured on the
  /// second.
  CollectionPart collection_part = CollectionPart::all;
  std::vector<std::filesystem::path> noise;
  int channel = 1;                   ///< of the recordings, from 1
  std::filesystem::path cache;       ///< folder; empty: $XDG_CACHE_HOME/kwsd or ~/.cache/kwsd
  double validation_fraction = 0.1;  ///< of the speakers, if no list assigns them
  double test_fraction = 0.1;
  /// If only a validation list exists, it is the test split, and validation is cut from the rest.
  bool validation_list_is_test = false;
  /// Validation and test as in the official task of twelve classes: of the unknown words as many clips as the
  /// average keyword has (10 % for ten keywords). test_words are taken as they are.
  bool balanced = false;
  bool everything_trains = false;  ///< training gets every clip; the other splits stay as they are
  double shortest_clip_seconds = 0.1;
  double longest_clip_seconds = 5.0;
  unsigned threads = 4;
};

/// A word clip.
struct Clip {
  std::span<const std::int16_t> samples;  ///< 16 kHz
  Extent spoken;                          ///< position of the word in it
  int word = 0;   ///< index into words(); -1: no single word (_unknown_, _silence_, one of test_words alone)
  int label = 0;  ///< index into labels(); that of silence in validation and test alone
  std::uint64_t speaker = 0;
  Split split = Split::train;
  bool cut = false;    ///< out of running speech: its neighbours stand at both sides
  bool added = false;  ///< of training_words
};

/// A stretch of continuous speech or of noise.
struct Stretch {
  std::span<const std::int16_t> samples;  ///< 16 kHz, at least one second
  Split split = Split::train;
};

/// A whole collection without keywords (by its transcripts, where there are any).
struct Collection {
  std::string name;
  std::vector<std::span<const std::int16_t>> sounds;  ///< 16 kHz, at least one second each
  std::size_t with_keyword = 0;                       ///< recordings left out, since they contain a keyword
};

class Dataset {
 public:
  /// Finds, decodes (once, cached) and splits. Damaged, silent, too short and too long files are named in the
  /// log, skipped and counted. Throws Error: no_input (a folder is missing, a list cannot be read), bad_data
  /// (a keyword without a usable clip, a list of other clips), usage (no keyword, the same keyword twice), io
  /// (the cache cannot be written).
  explicit Dataset(const DataOptions& options);

  /// Keywords in the order given, then "unknown", then "silence".
  [[nodiscard]] const std::vector<Label>& labels() const noexcept { return labels_; }
  [[nodiscard]] int unknown_label() const noexcept { return static_cast<int>(labels_.size()) - 2; }
  [[nodiscard]] int silence_label() const noexcept { return static_cast<int>(labels_.size()) - 1; }
  /// Keywords in the order given, then all other words, sorted.
  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }

  /// The word in a clip; "" if no single word is known.
  [[nodiscard]] std::string_view word_of(const Clip& clip) const noexcept {
    return clip.word < 0 ? std::string_view() : words_[static_cast<std::size_t>(clip.word)];
  }

  /// The clips of one split. The training split has all of them when everything_trains.
  [[nodiscard]] const std::vector<Clip>& clips(Split split) const noexcept { return clips_[index(split)]; }
  [[nodiscard]] const std::vector<Stretch>& speech(Split split) const noexcept {
    return speech_[index(split)];
  }
  [[nodiscard]] const std::vector<Stretch>& noise(Split split) const noexcept { return noise_[index(split)]; }

  [[nodiscard]] const std::vector<Collection>& collections() const noexcept { return collections_; }

  /// Recordings left out.
  [[nodiscard]] const Recordings::Counts& counts() const noexcept { return recordings_.counts(); }
  /// Utterances left out of the speech, since they contain a keyword.
  [[nodiscard]] std::size_t keyword_in_speech() const noexcept { return keyword_in_speech_; }
  /// A table of clips per label and split, and the clips left out.
  [[nodiscard]] std::string summary() const;

 private:
  static std::size_t index(Split split) noexcept { return static_cast<std::size_t>(split); }
  struct Loader;
  friend struct Loader;

  std::vector<Label> labels_;
  std::vector<std::string> words_;
  Recordings recordings_;
  std::array<std::vector<Clip>, split_count> clips_;
  std::array<std::vector<Stretch>, split_count> speech_, noise_;
  std::vector<Collection> collections_;
  std::size_t keyword_in_speech_ = 0;
};

}  // namespace kwsd::train
