// What a model does on one recording with labels: at its thresholds and over a range of them, branch by
// branch. Thread: evaluate_stream starts one per branch and returns when they are done.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/eval/labelled_words.h"
#include "app/eval/stream_score.h"

namespace kwsd {

struct BranchEvaluation {
  std::vector<float> thresholds;  // [labels], those of the model
  StreamScore chosen;             ///< at these
  Sweep sweep;                    ///< one threshold for all keywords, over threshold_grid()
};

struct StreamEvaluation {
  double hours = 0;
  std::size_t keywords = 0;     ///< spoken, that the model knows
  std::size_t other_words = 0;  ///< labelled, that it does not know: an event there is a false accept
  std::array<BranchEvaluation, branch_count> branches;
};

/// The labels that are keywords of the model, in samples of 16 kHz, by start.
[[nodiscard]] std::vector<SpokenWord> spoken_keywords(const Model& model,
                                                      std::span<const LabelledWord> labels);

/// `params`: as `kwsd run` has them. other_words is left at 0.
[[nodiscard]] StreamEvaluation evaluate_stream(const Model& model, const DetectorParams& params,
                                               const LabelledStream& stream);

/// What is said of any count of hits, misses and false accepts.
struct StreamFigures {
  std::int64_t hits = 0, misses = 0, false_accepts = 0, confusions = 0;  // KeywordScore
  std::optional<double> miss_rate;  ///< [0, 1]; none where no word was spoken
  double false_accepts_per_hour = 0;
  std::optional<double> latency_median_seconds, latency_95_seconds;  ///< none without a hit
};
[[nodiscard]] StreamFigures figures_of(const StreamScore& score, double hours);
/// Of one keyword.
[[nodiscard]] StreamFigures figures_of(const StreamScore& score, int label, double hours);

}  // namespace kwsd
