#include "app/eval/stream_figures.h"

#include <algorithm>

#include "app/eval/quantile.h"

namespace kwsd {
namespace {

double per_hour(std::int64_t count, double hours) {
  return static_cast<double>(count) / std::max(hours, 1e-9);
}

StreamFigures figures_of(const KeywordScore& score, const std::vector<double>& latencies,
                         const StreamHours& hours) {
  StreamFigures figures;
  figures.hits = score.hits;
  figures.misses = score.misses;
  figures.false_accepts = score.false_accepts;
  figures.confusions = score.confusions;
  if (const std::int64_t spoken = score.hits + score.misses; spoken > 0) {
    figures.miss_rate = static_cast<double>(score.misses) / static_cast<double>(spoken);
    figures.confusion_rate = static_cast<double>(score.confusions) / static_cast<double>(spoken);
  }
  figures.false_accepts_per_stream_hour = per_hour(score.false_accepts, hours.stream);
  figures.false_accepts_per_speech_hour = per_hour(score.in_speech(), hours.speech);
  figures.latency_median_seconds = quantile(latencies, 0.5);
  figures.latency_95_seconds = quantile(latencies, 0.95);
  return figures;
}

}  // namespace

StreamHours hours_of(const LabelledStream& stream, double sample_rate_hz) {
  return {static_cast<double>(stream.windows.samples) / sample_rate_hz / 3600,
          speech_hours(stream, sample_rate_hz)};
}

StreamFigures figures_of(const StreamScore& score, const StreamHours& hours) {
  return figures_of(score.total(), score.latency_seconds, hours);
}

StreamFigures figures_of(const StreamScore& score, int label, const StreamHours& hours) {
  return figures_of(score.keywords[static_cast<std::size_t>(label)], score.latencies_of(label), hours);
}

}  // namespace kwsd
