// The result of `kwsd eval --stream` as text, as JSON and as a picture. Thread: any, pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/eval/stream_eval.h"

namespace kwsd {

/// {"model", "hours", "hours_of_speech", "keywords", "other_words", "branches": {"full": {"chosen": FIGURES,
/// "keywords": {word:
/// {"threshold", FIGURES}}, "at_false_accepts_per_hour_of_stream": [{"wanted", "threshold", FIGURES}],
/// "thresholds":
/// [{"threshold", FIGURES, "keywords": {word: FIGURES}}]}, "half": ..., "quarter": ...}}, where FIGURES are
/// "hits", "misses", "false_accepts", "miss_rate", "false_accepts_per_hour_of_stream",
/// "false_accepts_per_hour_of_speech" (stream_figures.h), "latency_median_seconds",
/// "latency_95_percent_seconds"; null where there is none.
[[nodiscard]] nlohmann::ordered_json stream_report_json(const Model& model,
                                                        const StreamEvaluation& evaluation);

/// The same as tables, with fewer thresholds.
[[nodiscard]] std::string stream_report_text(const Model& model, const StreamEvaluation& evaluation);

/// Miss rate against false accepts per hour of stream, a line per branch, the model's own thresholds marked.
[[nodiscard]] std::string stream_report_svg(const Model& model, const StreamEvaluation& evaluation);

}  // namespace kwsd
