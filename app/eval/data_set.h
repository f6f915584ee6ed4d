// A folder of recorded words, and the label that a model should predict for each. Thread: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace kwsd {

struct ClipFile {
  std::filesystem::path path;
  int label = 0;  ///< index into the model's labels
};

struct DataSet {
  std::vector<ClipFile> clips;       ///< sorted by path
  std::vector<std::string> missing;  ///< entries of the list that are not in the folder
  std::size_t left_out = 0;          ///< clips of words for which the model has no label, not even "unknown"
};

/// The Speech Commands layout: `folder`/<word>/<sound file>. A folder named like a keyword of the model
/// (same_word) holds that keyword, `_silence_` (or the name of the silence label) holds silence, every other
/// folder holds unknown words. Folders that word_folders skips do not count. With a list (ClipList, as
/// testing_list.txt) only the clips on it count. Warns of files that cannot be read.
///
/// Throws Error: no_input when the folder or the list cannot be read, bad_data when no clip is left.
[[nodiscard]] DataSet find_clips(const std::filesystem::path& folder, const std::filesystem::path& list,
                                 std::span<const Label> labels);

}  // namespace kwsd
