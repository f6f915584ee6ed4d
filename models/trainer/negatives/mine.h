// Selects pieces of recordings as negatives: sound that the base network takes for one of its words, and, so
// that rates can be counted, sound that it does not. Thread: one (recordings are searched on several).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/enroll/negatives.h"
#include "engine/model/model.h"

namespace kwsd::train {

/// A folder of recordings. Words of a folder each (Speech Commands) are texts of their recordings; of running
/// speech, transcripts are.
struct MinedCollection {
  std::string name, licence;
  std::filesystem::path folder;
  bool noise = false;  ///< no voice in it
  bool words = false;  ///< a folder a word; validation_list.txt and testing_list.txt are left out
};

struct MineOptions {
  std::vector<MinedCollection> collections;
  std::size_t bytes = 7U << 20U;       ///< of the frames, at most; each collection has an equal share
  std::size_t most_recordings = 2500;  ///< that are searched of a collection, drawn at random
  double hard_share = 0.5;             ///< of a collection's share: hard windows, if there are enough
  double hard_posterior = 0.5;         ///< of the base's keywords together, at least
  double longest_run_seconds = 6;
  std::uint64_t seed = 1;
  unsigned threads = 2;
};

/// Throws Error: no_input (a folder), bad_data (a collection without any recording).
[[nodiscard]] Negatives mine(const std::shared_ptr<const Model>& base, const MineOptions& options);

}  // namespace kwsd::train
