// Makes a model of a word from a few recordings of it, without training a network: the base network stays
// unchanged, and a classifier of its embedding is fitted to the recordings and to the negatives. Thread: one
// (sounds are embedded on several).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/enroll/clips.h"
#include "app/enroll/negatives.h"
#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

struct EnrollOptions {
  std::string word, name;  ///< the label, and the name of the model
  double per_hour = 1;     ///< wanted false accepts an hour
  float lowest_threshold = 0.3F, highest_threshold = 0.95F;
  bool leave_out = true;  ///< whether Enrolled::found_left_out is computed
};

struct Enrolled {
  Model model;
  std::vector<bool>
      found_left_out;         ///< [clips] whether a model of the other recordings detects it (one clip: none)
  double negative_hours = 0;  ///< that the thresholds were chosen by
  std::array<double, branch_count> false_accepts_per_hour{};  ///< on them, at the thresholds
};

/// The base and the embeddings of the negatives: computed once, for any number of words.
class Enroller {
 public:
  /// `negatives` must outlive it. Throws Error (usage): a streaming base, or a base whose features differ
  /// from those of the negatives.
  Enroller(const std::shared_ptr<const Model>& base, const Kernels& kernels, const Negatives& negatives,
           unsigned threads);
  ~Enroller();

  /// Fits, chooses thresholds, and tests whether the other recordings detect each recording. The result does
  /// not depend on the number of threads. Throws Error: usage (no clip), bad_data (no negative without the
  /// word).
  [[nodiscard]] Enrolled enroll(const std::vector<EnrollClip>& clips, const EnrollOptions& options) const;

 private:
  struct Shared;
  std::unique_ptr<const Shared> shared_;
};

/// A sound that is not the word, among the negatives: an earlier false accept.
void add_negative(Negatives& negatives, std::span<const float> samples);

}  // namespace kwsd
