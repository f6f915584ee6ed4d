// The result of `kwsd eval --data` as text and as JSON. Thread: any, pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/eval/clip_eval.h"

namespace kwsd {

/// {"model", "clips", "skipped", "labels": [...], "branches": {"full": {"accuracy", "recall": {label: share
/// or null}, "confusion": [[said][recognised]]}, "half": ..., "quarter": ...}}
[[nodiscard]] nlohmann::ordered_json clip_report_json(const Model& model, const ClipEvaluation& evaluation);

/// The prediction for each clip, for a spreadsheet: a line of column names, then path in `folder`, the label
/// of the spoken word, and for each branch the predicted label and its posterior; tabs between.
[[nodiscard]] std::string clip_list_tsv(const Model& model, const ClipEvaluation& evaluation,
                                        const std::filesystem::path& folder);

/// The report as tables: accuracy and recall of all branches, then a confusion matrix per branch.
[[nodiscard]] std::string clip_report_text(const Model& model, const ClipEvaluation& evaluation);

}  // namespace kwsd
