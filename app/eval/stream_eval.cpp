#include "app/eval/stream_eval.h"

#include <algorithm>
#include <cmath>

#include "app/base/parallel.h"
#include "app/base/words.h"

namespace kwsd {

std::vector<SpokenWord> spoken_keywords(const Model& model, std::span<const LabelledWord> labels) {
  std::vector<SpokenWord> words;
  const double rate = model.features.sample_rate_hz;
  for (const LabelledWord& word : labels) {
    const auto label = std::find_if(model.labels.begin(), model.labels.end(), [&](const Label& l) {
      return l.kind == LabelKind::keyword && same_word(l.name, word.word);
    });
    if (label != model.labels.end()) {
      words.push_back({std::llround(word.start_seconds * rate), std::llround(word.end_seconds * rate),
                       static_cast<int>(label - model.labels.begin())});
    }
  }
  return words;
}

StreamEvaluation evaluate_stream(const Model& model, const DetectorParams& params,
                                 const LabelledStream& stream) {
  StreamEvaluation evaluation;
  evaluation.hours = hours_of(stream, model.features.sample_rate_hz);
  evaluation.keywords = stream.words.size();
  parallel_for(branch_count, branch_count, [&](std::size_t b) {
    BranchEvaluation& branch = evaluation.branches[b];
    const auto id = static_cast<BranchId>(b);
    branch.thresholds = model.branches[b].thresholds;
    branch.thresholds.resize(model.labels.size(), 1.0F);
    branch.chosen = score_stream(model, params, id, branch.thresholds, stream);
    branch.sweep = sweep_thresholds(model, params, id, std::span(&stream, 1), threshold_grid());
  });
  return evaluation;
}

}  // namespace kwsd
