// A model's figures on one labelled recording: at its thresholds and over a range of them, branch by branch.
// Thread: evaluate_stream starts one per branch and returns when they are done.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "app/eval/labelled_words.h"
#include "app/eval/stream_figures.h"
#include "app/eval/stream_score.h"

namespace kwsd {

struct BranchEvaluation {
  std::vector<float> thresholds;  // [labels], those of the model
  StreamScore chosen;             ///< at these
  Sweep sweep;                    ///< one threshold for all keywords, over threshold_grid()
};

struct StreamEvaluation {
  StreamHours hours;
  std::size_t keywords = 0;     ///< spoken keywords of the model
  std::size_t other_words = 0;  ///< labelled, but not in the model: an event there is a false accept
  std::array<BranchEvaluation, branch_count> branches;
};

/// The labels that are keywords of the model, in samples of 16 kHz, by start.
[[nodiscard]] std::vector<SpokenWord> spoken_keywords(const Model& model,
                                                      std::span<const LabelledWord> labels);

/// `params`: as in `kwsd run`. other_words is left at 0.
[[nodiscard]] StreamEvaluation evaluate_stream(const Model& model, const DetectorParams& params,
                                               const LabelledStream& stream);

}  // namespace kwsd
