#include "app/eval/stream_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/base/text_table.h"
#include "app/eval/curve_svg.h"

namespace kwsd {

namespace {

using Json = nlohmann::ordered_json;
using Cells = std::vector<std::string>;

constexpr double wanted_per_hour[] = {0.1, 0.5, 1.0};
constexpr const char* figure_titles[] = {"missed",    "of",        "miss rate", "false", "confused",
                                         "/h stream", "/h speech", "median s",  "95 % s"};

std::string fixed(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string fixed(std::optional<double> value, int digits) {
  return value ? fixed(*value, digits) : "-";
}

Cells cells_of(const StreamFigures& f) {
  return {std::to_string(f.misses),
          std::to_string(f.hits + f.misses),
          f.miss_rate ? fixed(100 * *f.miss_rate, 1) + " %" : "-",
          std::to_string(f.false_accepts),
          std::to_string(f.confusions),
          fixed(f.false_accepts_per_stream_hour, 2),
          fixed(f.false_accepts_per_speech_hour, 2),
          fixed(f.latency_median_seconds, 2),
          fixed(f.latency_95_seconds, 2)};
}

void add_row(TextTable& table, Cells cells, const StreamFigures& figures) {
  for (std::string& cell : cells_of(figures)) {
    cells.push_back(std::move(cell));
  }
  table.add_row(std::move(cells));
}

void add_title(TextTable& table, Cells cells) {
  cells.insert(cells.end(), std::begin(figure_titles), std::end(figure_titles));
  table.add_row(std::move(cells));
}

std::size_t place_of(const Sweep& sweep, float threshold) {
  const auto at = std::find(sweep.thresholds.begin(), sweep.thresholds.end(), threshold);
  return static_cast<std::size_t>(at - sweep.thresholds.begin());
}

template <class Visit>
void for_each_keyword(const Model& model, Visit&& visit) {
  for (std::size_t label = 0; label < model.labels.size(); ++label) {
    if (model.labels[label].kind == LabelKind::keyword) {
      visit(static_cast<int>(label), model.labels[label].name);
    }
  }
}

std::string keyword_table(const Model& model, const BranchEvaluation& branch, const StreamHours& hours) {
  TextTable table;
  add_title(table, {"keyword", "threshold"});
  for_each_keyword(model, [&](int label, const std::string& name) {
    add_row(table, {"  " + name, fixed(branch.thresholds[static_cast<std::size_t>(label)], 3)},
            figures_of(branch.chosen, label, hours));
  });
  add_row(table, {"  all", ""}, figures_of(branch.chosen, hours));
  return table.text();
}

/// One threshold for all keywords: every tenth, and those closest to 1.
std::string threshold_table(const BranchEvaluation& branch, const StreamHours& hours) {
  TextTable table;
  add_title(table, {"one threshold for all"});
  for (std::size_t t = 0; t < branch.sweep.thresholds.size(); ++t) {
    const float threshold = branch.sweep.thresholds[t];
    if ((t + 1) % 5 == 0 || threshold > 0.93F) {
      add_row(table, {"  " + fixed(threshold, 3)}, figures_of(branch.sweep.scores[t], hours));
    }
  }
  for (const double wanted : wanted_per_hour) {
    const OperatingPoint point = point_at(branch.sweep, wanted);
    const std::size_t place = place_of(branch.sweep, point.threshold);
    if (place < branch.sweep.thresholds.size()) {
      add_row(table, {"  " + fixed(point.threshold, 3) + " (at most " + fixed(wanted, 1) + "/h)"},
              figures_of(branch.sweep.scores[place], hours));
    }
  }
  return table.text();
}

Json rounded(std::optional<double> value) {
  return value ? Json(std::round(*value * 1e6) / 1e6) : Json();
}

/// The figures, added to `json`.
Json with(Json json, const StreamFigures& f) {
  json["hits"] = f.hits;
  json["misses"] = f.misses;
  json["false_accepts"] = f.false_accepts;
  json["confusions"] = f.confusions;
  json["miss_rate"] = rounded(f.miss_rate);
  json["false_accepts_per_hour_of_stream"] = rounded(f.false_accepts_per_stream_hour);
  json["false_accepts_per_hour_of_speech"] = rounded(f.false_accepts_per_speech_hour);
  json["latency_median_seconds"] = rounded(f.latency_median_seconds);
  json["latency_95_percent_seconds"] = rounded(f.latency_95_seconds);
  return json;
}

Json branch_json(const Model& model, const BranchEvaluation& branch, const StreamHours& hours) {
  Json json;
  json["chosen"] = with({}, figures_of(branch.chosen, hours));
  for_each_keyword(model, [&](int label, const std::string& name) {
    json["keywords"][name] =
        with({{"threshold", rounded(branch.thresholds[static_cast<std::size_t>(label)])}},
             figures_of(branch.chosen, label, hours));
  });
  json["at_false_accepts_per_hour_of_stream"] = Json::array();
  for (const double wanted : wanted_per_hour) {
    const OperatingPoint point = point_at(branch.sweep, wanted);
    const std::size_t place = place_of(branch.sweep, point.threshold);
    if (place < branch.sweep.thresholds.size()) {
      json["at_false_accepts_per_hour_of_stream"].push_back(
          with({{"wanted", wanted}, {"threshold", rounded(point.threshold)}},
               figures_of(branch.sweep.scores[place], hours)));
    }
  }
  for (std::size_t t = 0; t < branch.sweep.thresholds.size(); ++t) {
    Json row =
        with({{"threshold", rounded(branch.sweep.thresholds[t])}}, figures_of(branch.sweep.scores[t], hours));
    for_each_keyword(model, [&](int label, const std::string& name) {
      row["keywords"][name] = with({}, figures_of(branch.sweep.scores[t], label, hours));
    });
    json["thresholds"].push_back(std::move(row));
  }
  return json;
}

}  // namespace

Json stream_report_json(const Model& model, const StreamEvaluation& evaluation) {
  Json json;
  json["model"] = model.name;
  json["hours"] = rounded(evaluation.hours.stream);
  json["hours_of_speech"] = rounded(evaluation.hours.speech);
  json["keywords"] = evaluation.keywords;
  json["other_words"] = evaluation.other_words;
  for (std::size_t b = 0; b < branch_count; ++b) {
    json["branches"][branch_name(static_cast<BranchId>(b))] =
        branch_json(model, evaluation.branches[b], evaluation.hours);
  }
  return json;
}

std::string stream_report_text(const Model& model, const StreamEvaluation& evaluation) {
  std::string text =
      "model " + model.name + ": " + fixed(evaluation.hours.stream, 3) + " h, " +
      std::to_string(evaluation.keywords) + " keywords, " + std::to_string(evaluation.other_words) +
      " other labelled words\n" +
      "false: false accepts, confused: those of them while a keyword was spoken.\n" +
      "/h stream: false accepts per hour of stream. /h speech: per hour of speech, without the " +
      "keywords and the confused.\n" + "No false accept in this time means fewer than " +
      fixed(3 / std::max(evaluation.hours.stream, 1e-9), 1) + " per hour of stream (95 % confidence).\n" +
      "median s, 95 % s: from the end of the word to the event.\n\n";
  TextTable branches;
  add_title(branches, {"the model's thresholds"});
  for (std::size_t b = 0; b < branch_count; ++b) {
    add_row(branches, {std::string("  ") + branch_name(static_cast<BranchId>(b))},
            figures_of(evaluation.branches[b].chosen, evaluation.hours));
  }
  text += branches.text();
  for (std::size_t b = 0; b < branch_count; ++b) {
    text += std::string("\nbranch ") + branch_name(static_cast<BranchId>(b)) + "\n" +
            keyword_table(model, evaluation.branches[b], evaluation.hours) + "\n" +
            threshold_table(evaluation.branches[b], evaluation.hours);
  }
  return text;
}

std::string stream_report_svg(const Model& model, const StreamEvaluation& evaluation) {
  std::vector<Curve> curves;
  for (std::size_t b = 0; b < branch_count; ++b) {
    const BranchEvaluation& branch = evaluation.branches[b];
    const StreamFigures chosen = figures_of(branch.chosen, evaluation.hours);
    Curve curve{branch_name(static_cast<BranchId>(b)),
                {},
                {chosen.false_accepts_per_stream_hour, chosen.miss_rate.value_or(0)}};
    for (std::size_t t = branch.sweep.thresholds.size(); t-- > 0;) {
      const StreamFigures f = figures_of(branch.sweep.scores[t], evaluation.hours);
      curve.points.emplace_back(f.false_accepts_per_stream_hour, f.miss_rate.value_or(0));
    }
    curves.push_back(std::move(curve));
  }
  return curve_svg(model.name + ": " + std::to_string(evaluation.keywords) + " keywords in " +
                       fixed(evaluation.hours.stream, 2) + " h; dots: the model's thresholds",
                   "false accepts per hour of stream", curves, evaluation.hours.stream);
}

}  // namespace kwsd
