// The figures of a stream, defined once: for `kwsd eval`, the trainer, cards and FIGURES.md. Thread: any,
// pure.
#pragma once

#include <cstdint>
#include <optional>

#include "app/eval/stream_score.h"

namespace kwsd {

/// Duration of the stream, in hours.
struct StreamHours {
  double stream = 0;  ///< the whole stream
  double speech = 0;  ///< the same without the keywords and the 0.75 s after each (speech_hours)
};
[[nodiscard]] StreamHours hours_of(const LabelledStream& stream, double sample_rate_hz);

struct StreamFigures {
  std::int64_t hits = 0, misses = 0, false_accepts = 0, confusions = 0;  // KeywordScore
  std::optional<double> miss_rate;  ///< [0, 1], of the keywords spoken; none where there are none
  /// Confusions per keyword spoken; may exceed 1.
  std::optional<double> confusion_rate;
  /// False accepts per hour of stream: all false accepts, over the whole stream.
  double false_accepts_per_stream_hour = 0;
  /// False accepts per hour of speech: those outside the keywords (no confusions), over the time outside
  /// them. Unlike the former, this does not depend on how often keywords are spoken.
  double false_accepts_per_speech_hour = 0;
  std::optional<double> latency_median_seconds, latency_95_seconds;  ///< none without a hit
};

[[nodiscard]] StreamFigures figures_of(const StreamScore& score, const StreamHours& hours);
/// Of one keyword.
[[nodiscard]] StreamFigures figures_of(const StreamScore& score, int label, const StreamHours& hours);

}  // namespace kwsd
