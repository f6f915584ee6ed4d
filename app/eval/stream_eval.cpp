#include "app/eval/stream_eval.h"

#include <algorithm>
#include <cmath>

#include "app/base/parallel.h"
#include "app/base/words.h"
#include "app/eval/quantile.h"

namespace kwsd {

namespace {

StreamFigures figures_of(const KeywordScore& score, const std::vector<double>& latencies, double hours) {
  StreamFigures figures{score.hits, score.misses, score.false_accepts, score.confusions, {}, 0, {}, {}};
  if (const std::int64_t spoken = score.hits + score.misses; spoken > 0) {
    figures.miss_rate = static_cast<double>(score.misses) / static_cast<double>(spoken);
  }
  figures.false_accepts_per_hour = static_cast<double>(score.false_accepts) / std::max(hours, 1e-9);
  figures.latency_median_seconds = quantile(latencies, 0.5);
  figures.latency_95_seconds = quantile(latencies, 0.95);
  return figures;
}

}  // namespace

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
  evaluation.hours = static_cast<double>(stream.windows.samples) / model.features.sample_rate_hz / 3600;
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

StreamFigures figures_of(const StreamScore& score, double hours) {
  return figures_of(score.total(), score.latency_seconds, hours);
}

StreamFigures figures_of(const StreamScore& score, int label, double hours) {
  return figures_of(score.keywords[static_cast<std::size_t>(label)], score.latencies_of(label), hours);
}

}  // namespace kwsd
