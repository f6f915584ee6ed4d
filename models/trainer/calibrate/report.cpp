#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "app/eval/curve_svg.h"
#include "models/trainer/calibrate/calibration.h"

namespace kwsd::train {
namespace {

using Json = nlohmann::ordered_json;

/// The chosen operating point over all conditions.
std::pair<double, double> chosen_point(const BranchReport& branch) {
  double false_per_hour = 0;
  double missed = 0;
  const auto conditions = static_cast<double>(branch.points.size());
  for (const std::vector<MeasuredPoint>& condition : branch.points) {
    const StreamFigures& chosen = condition.back().figures;
    false_per_hour += chosen.false_accepts_per_speech_hour / conditions;
    missed += chosen.miss_rate.value_or(0) / conditions;
  }
  return {false_per_hour, missed};
}

Json point_json(const MeasuredPoint& point) {
  const StreamFigures& f = point.figures;
  return {{"wanted_false_accepts_per_hour_of_speech", point.wanted_per_hour},
          {"miss_rate", f.miss_rate.value_or(0)},
          {"false_accepts_per_hour_of_speech", f.false_accepts_per_speech_hour},
          {"confusion_rate", f.confusion_rate.value_or(0)},
          {"latency_median_seconds", f.latency_median_seconds.value_or(0)},
          {"latency_95_percent_seconds", f.latency_95_seconds.value_or(0)}};
}

Json branch_json(const CalibrationReport& report, const BranchReport& branch) {
  Json out;
  for (std::size_t l = 0; l < report.labels.size(); ++l) {
    if (report.labels[l].empty()) {
      continue;
    }
    const KeywordScore& k = branch.keywords[l];
    out["thresholds"][report.labels[l]] = static_cast<double>(std::lround(branch.thresholds[l] * 1e4F)) / 1e4;
    out["keywords"][report.labels[l]] = {{"hits", k.hits},
                                         {"misses", k.misses},
                                         {"false_accepts", k.in_speech()},
                                         {"confusions", k.confusions}};
  }
  for (std::size_t c = 0; c < report.conditions.size(); ++c) {
    Json& condition = out["conditions"][report.conditions[c].name];
    condition["chosen"] = point_json(branch.points[c].back());
    for (std::size_t r = 0; r + 1 < branch.points[c].size(); ++r) {
      condition["at"].push_back(point_json(branch.points[c][r]));
    }
  }
  for (const auto& [false_per_hour, missed] : branch.curve) {
    out["curve"].push_back({false_per_hour, missed});
  }
  return out;
}

}  // namespace

std::string report_json(const CalibrationReport& report) {
  Json out{{"model", report.model},
           {"wanted_false_accepts_per_hour_of_speech", report.options.per_hour},
           {"thresholds_chosen_on",
            {{"hours", report.chosen_hours.stream},
             {"hours_of_speech", report.chosen_hours.speech},
             {"keywords", report.chosen_words}}},
           {"measured_on",
            {{"hours", report.measured_hours.stream},
             {"hours_of_speech", report.measured_hours.speech},
             {"keywords", report.measured_words}}}};
  for (std::size_t b = 0; b < branch_count; ++b) {
    out["branches"][branch_name(static_cast<BranchId>(b))] = branch_json(report, report.branches[b]);
  }
  return out.dump(2) + "\n";
}

std::string report_text(const CalibrationReport& report) {
  std::string text = fmt::format(
      "Thresholds chosen on {} keywords and {:.2f} h of speech, measured on {} other keywords and {:.2f} h, "
      "for each condition.\nwanted/h, false/h: false accepts per hour of speech, outside the keywords. "
      "confused: those while a keyword was spoken, per keyword.\n\n{:<8} {:<7} {:>8} {:>8} {:>8} {:>8} {:>9} "
      "{:>9}\n",
      report.chosen_words, report.chosen_hours.speech, report.measured_words, report.measured_hours.speech,
      "branch", "noise", "wanted/h", "false/h", "confused", "missed", "median s", "95 % s");
  for (std::size_t b = 0; b < branch_count; ++b) {
    for (std::size_t c = 0; c < report.conditions.size(); ++c) {
      const std::vector<MeasuredPoint>& points = report.branches[b].points[c];
      for (std::size_t r = 0; r < points.size(); ++r) {
        const StreamFigures& f = points[r].figures;
        text += fmt::format("{:<8} {:<7} {:>8.2f} {:>8.2f} {:>6.1f} % {:>6.1f} % {:>9.2f} {:>9.2f}{}\n",
                            branch_name(static_cast<BranchId>(b)), report.conditions[c].name,
                            points[r].wanted_per_hour, f.false_accepts_per_speech_hour,
                            100 * f.confusion_rate.value_or(0), 100 * f.miss_rate.value_or(0),
                            f.latency_median_seconds.value_or(0), f.latency_95_seconds.value_or(0),
                            r + 1 == points.size() ? "  <- chosen" : "");
      }
    }
  }
  text += fmt::format("\n{:<16}", "keyword");
  for (std::size_t b = 0; b < branch_count; ++b) {
    text += fmt::format(" {:>9} {:>8} {:>6}", branch_name(static_cast<BranchId>(b)), "missed",
                        "false");  // in speech
  }
  text += '\n';
  for (std::size_t l = 0; l < report.labels.size(); ++l) {
    if (report.labels[l].empty()) {
      continue;
    }
    text += fmt::format("{:<16}", report.labels[l]);
    for (const BranchReport& branch : report.branches) {
      const KeywordScore& k = branch.keywords[l];
      const auto words = static_cast<double>(std::max<std::int64_t>(1, k.hits + k.misses));
      text += fmt::format(" {:>9.3f} {:>6.1f} % {:>6}", branch.thresholds[l],
                          100 * static_cast<double>(k.misses) / words, k.in_speech());
    }
    text += '\n';
  }
  return text;
}

std::string report_svg(const CalibrationReport& report) {
  std::vector<Curve> curves;
  for (std::size_t b = 0; b < branch_count; ++b) {
    const BranchReport& branch = report.branches[b];
    curves.push_back({branch_name(static_cast<BranchId>(b)), branch.curve, chosen_point(branch)});
  }
  std::string conditions;
  for (const Condition& condition : report.conditions) {
    conditions += (conditions.empty() ? "" : " and ") + condition.name;
  }
  const double hours = report.measured_hours.speech * static_cast<double>(report.conditions.size());
  return curve_svg(
      fmt::format("{}: {} keywords, {:.1f} h, {}", report.model, report.measured_words, hours, conditions),
      "false accepts per hour of speech", curves, hours);
}

}  // namespace kwsd::train
