// A second stage for a model of one word: a net whose vectors tell sounds apart (the second stage of the
// base), and a classifier of them that is fitted to recordings of the word and to the negatives at which the
// first stage opens the gate. Thread: one (sounds are computed on several).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "app/enroll/embeddings.h"
#include "app/enroll/negatives.h"
#include "app/enroll/positives.h"
#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

/// What a first stage makes of the negatives: windows in the order of their runs.
struct FirstOnNegatives {
  std::vector<std::size_t> runs;                            // [windows], of Negatives::runs
  std::vector<std::int64_t> ends;                           // [windows], frames of the run, from 1
  std::array<std::vector<float>, branch_count> posteriors;  // [windows], of the word
  double hours = 0;                                         // that the negatives stand for
};
/// Passes the negatives that do not say the model's first label through every branch. Throws Error (usage)
/// if the model's features differ.
[[nodiscard]] FirstOnNegatives first_on_negatives(const Network& network, const Negatives& negatives,
                                                  unsigned threads);

/// Rescales the logits of a trained net, so that the posteriors of its first label spread as score_scale has
/// it: those of a trained net are next to 0 or 1, and the mean with a second stage would hear the first
/// alone. Posteriors that spread at least as far stay, and those of a word that the net does not know.
/// variations: of recordings of the word.
void spread_posteriors(Model& model, const FirstOnNegatives& first, const std::vector<Variation>& variations,
                       const Kernels& kernels);

/// The negatives at which the gate opens in any branch.
struct Opened {
  float gate = 0;
  double hours = 0;
  Embeddings vectors;                  // of the windows at which it opens
  std::vector<std::size_t> runs;       // of these windows
  std::vector<std::ptrdiff_t> row_of;  // [windows]: of vectors; -1: the gate stays shut
};

class SecondFit {
 public:
  /// `base`: has a second stage. `base` and `negatives` must outlive this.
  SecondFit(const Model& base, const Kernels& kernels, const Negatives& negatives, unsigned threads);

  /// Chooses the gate so that it opens for a share of the windows of other people's talk (full branch).
  [[nodiscard]] Opened open(const FirstOnNegatives& first) const;
  /// Vectors of the windows that end with the word.
  [[nodiscard]] Embeddings of_word(const std::vector<Variation>& variations) const;
  /// Vectors of all windows of a sound, as far apart as the base's.
  [[nodiscard]] Embeddings of_sound(std::span<const std::int8_t> frames) const;
  /// The stage whose keyword, the first of `labels`, is fitted to `word`: one element a recording. Null if
  /// there is no recording, or no negative.
  [[nodiscard]] std::shared_ptr<const SecondStage> fit(const Opened& opened,
                                                       const std::vector<const Embeddings*>& word,
                                                       const std::vector<Label>& labels) const;

 private:
  [[nodiscard]] float gate_of(const FirstOnNegatives& first) const;

  const Model& base_;
  const Negatives& negatives_;
  unsigned threads_;
  Network network_;
};

/// The rows of one half of the negatives' runs, the even ones or the odd ones: a stage that is fitted to a
/// half tells what it makes of negatives that it has not seen.
[[nodiscard]] Opened half_of(const Opened& opened, bool odd);

/// The mean of both stages' posteriors, as the engine computes it: `first` if the gate stays shut.
[[nodiscard]] float posterior_of_both(const SecondStage& second, float first,
                                      std::span<const std::int8_t> row) noexcept;

}  // namespace kwsd
