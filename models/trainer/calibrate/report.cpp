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
  for (const std::vector<StreamFigures>& condition : branch.figures) {
    false_per_hour += condition.back().false_accepts_per_hour / static_cast<double>(branch.figures.size());
    missed += condition.back().miss_rate / static_cast<double>(branch.figures.size());
  }
  return {false_per_hour, missed};
}

Json figures_json(const StreamFigures& f) {
  return {{"wanted_false_accepts_per_hour", f.wanted_per_hour},
          {"miss_rate", f.miss_rate},
          {"false_accepts_per_hour", f.false_accepts_per_hour},
          {"confusion_rate", f.confusion_rate},
          {"latency_median_seconds", f.latency_median_seconds},
          {"latency_95_percent_seconds", f.latency_95_seconds}};
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
    condition["chosen"] = figures_json(branch.figures[c].back());
    for (std::size_t r = 0; r + 1 < branch.figures[c].size(); ++r) {
      condition["at"].push_back(figures_json(branch.figures[c][r]));
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
           {"wanted_false_accepts_per_hour", report.options.per_hour},
           {"thresholds_chosen_on",
            {{"hours", report.chosen_hours},
             {"speech_hours", report.chosen_speech_hours},
             {"keywords", report.chosen_words}}},
           {"measured_on",
            {{"hours", report.measured_hours},
             {"speech_hours", report.measured_speech_hours},
             {"keywords", report.measured_words}}}};
  for (std::size_t b = 0; b < branch_count; ++b) {
    out["branches"][branch_name(static_cast<BranchId>(b))] = branch_json(report, report.branches[b]);
  }
  return out.dump(2) + "\n";
}

std::string report_text(const CalibrationReport& report) {
  std::string text = fmt::format(
      "Thresholds chosen on {} keywords and {:.2f} h of speech beside them, measured on {} others and {:.2f} "
      "h, per "
      "condition.\nfalse/h: false accepts per hour of that speech. confused: more of them while a keyword "
      "was spoken, "
      "per keyword.\n\n{:<8} {:<7} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9}\n",
      report.chosen_words, report.chosen_speech_hours, report.measured_words, report.measured_speech_hours,
      "branch", "noise", "wanted/h", "false/h", "confused", "missed", "median s", "95 % s");
  for (std::size_t b = 0; b < branch_count; ++b) {
    for (std::size_t c = 0; c < report.conditions.size(); ++c) {
      const std::vector<StreamFigures>& figures = report.branches[b].figures[c];
      for (std::size_t r = 0; r < figures.size(); ++r) {
        const StreamFigures& f = figures[r];
        text += fmt::format("{:<8} {:<7} {:>8.2f} {:>8.2f} {:>6.1f} % {:>6.1f} % {:>9.2f} {:>9.2f}{}\n",
                            branch_name(static_cast<BranchId>(b)), report.conditions[c].name,
                            f.wanted_per_hour, f.false_accepts_per_hour, 100 * f.confusion_rate,
                            100 * f.miss_rate, f.latency_median_seconds, f.latency_95_seconds,
                            r + 1 == figures.size() ? "  <- chosen" : "");
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
  const double hours = report.measured_speech_hours * static_cast<double>(report.conditions.size());
  return curve_svg(
      fmt::format("{}: {} keywords, {:.1f} h, {}", report.model, report.measured_words, hours, conditions),
      curves, hours);
}

}  // namespace kwsd::train
