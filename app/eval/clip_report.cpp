#include "app/eval/clip_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/base/text_table.h"

namespace kwsd {

namespace {

std::string percent(std::optional<double> share) {
  if (!share) {
    return "-";
  }
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * *share);
  return text;
}

std::string recall_table(const Model& model, const ClipEvaluation& evaluation) {
  TextTable table;
  table.add_row({"", "clips", "full", "half", "quarter"});
  const auto row = [&](const std::string& name, std::int64_t clips, auto&& value) {
    std::vector<std::string> cells{name, std::to_string(clips)};
    for (const Confusion& branch : evaluation.branches) {
      cells.push_back(percent(value(branch)));
    }
    table.add_row(cells);
  };
  row("accuracy", evaluation.clips, [](const Confusion& c) { return std::optional(c.accuracy()); });
  for (int label = 0; label < static_cast<int>(model.labels.size()); ++label) {
    row("  " + model.labels[static_cast<std::size_t>(label)].name, evaluation.branches[0].clips(label),
        [label](const Confusion& c) { return c.recall(label); });
  }
  return table.text();
}

std::string confusion_table(const Model& model, const Confusion& confusion) {
  TextTable table;
  std::vector<std::string> header{"spoken \\ predicted"};
  for (const Label& label : model.labels) {
    header.push_back(label.name);
  }
  table.add_row(header);
  const auto labels = static_cast<int>(model.labels.size());
  for (int said = 0; said < labels; ++said) {
    if (confusion.clips(said) == 0) {
      continue;
    }
    std::vector<std::string> cells{"  " + model.labels[static_cast<std::size_t>(said)].name};
    for (int predicted = 0; predicted < labels; ++predicted) {
      const std::int64_t count = confusion.count(said, predicted);
      cells.push_back(count == 0 ? "." : std::to_string(count));
    }
    table.add_row(cells);
  }
  return table.text();
}

}  // namespace

nlohmann::ordered_json clip_report_json(const Model& model, const ClipEvaluation& evaluation) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["model"] = model.name;
  json["clips"] = evaluation.clips;
  json["skipped"] = evaluation.skipped.size();
  json["labels"] = Json::array();
  for (const Label& label : model.labels) {
    json["labels"].push_back(label.name);
  }
  const auto rounded = [](double share) { return std::round(share * 1e6) / 1e6; };
  const auto labels = static_cast<int>(model.labels.size());
  for (std::size_t b = 0; b < evaluation.branches.size(); ++b) {
    const Confusion& confusion = evaluation.branches[b];
    Json& branch = json["branches"][branch_name(static_cast<BranchId>(b))];
    branch["accuracy"] = rounded(confusion.accuracy());
    branch["recall"] = Json::object();
    branch["confusion"] = Json::array();
    for (int said = 0; said < labels; ++said) {
      const std::optional<double> recall = confusion.recall(said);
      branch["recall"][model.labels[static_cast<std::size_t>(said)].name] =
          recall ? Json(rounded(*recall)) : Json();
      Json row = Json::array();
      for (int predicted = 0; predicted < labels; ++predicted) {
        row.push_back(confusion.count(said, predicted));
      }
      branch["confusion"].push_back(row);
    }
  }
  return json;
}

std::string clip_list_tsv(const Model& model, const ClipEvaluation& evaluation,
                          const std::filesystem::path& folder) {
  const auto name = [&model](int label) { return model.labels[static_cast<std::size_t>(label)].name; };
  std::string text = "clip\tsaid";
  for (std::size_t b = 0; b < branch_count; ++b) {
    text += std::string("\t") + branch_name(static_cast<BranchId>(b)) + "\tposterior";
  }
  text += "\n";
  for (const PredictedClip& clip : evaluation.predicted) {
    std::string path = clip.clip.path.lexically_relative(folder).string();
    std::replace_if(
        path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
    text += path + "\t" + name(clip.clip.label);
    for (const Prediction& predicted : clip.predictions) {
      char posterior[16];
      std::snprintf(posterior, sizeof posterior, "%.8f", static_cast<double>(predicted.posterior));
      text += "\t" + name(predicted.label) + "\t" + posterior;
    }
    text += "\n";
  }
  return text;
}

std::string clip_report_text(const Model& model, const ClipEvaluation& evaluation) {
  std::string text = "model " + model.name + ": " + std::to_string(evaluation.clips) + " clips";
  if (!evaluation.skipped.empty()) {
    text += ", " + std::to_string(evaluation.skipped.size()) + " skipped";
  }
  text += "\n\n" + recall_table(model, evaluation);
  for (std::size_t b = 0; b < evaluation.branches.size(); ++b) {
    text += std::string("\nconfusion, branch ") + branch_name(static_cast<BranchId>(b)) + "\n" +
            confusion_table(model, evaluation.branches[b]);
  }
  return text;
}

}  // namespace kwsd
