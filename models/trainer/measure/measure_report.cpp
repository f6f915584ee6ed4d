#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "models/trainer/measure/measure.h"
#include "models/trainer/measure/poisson.h"

namespace kwsd::train {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(std::size_t branch) {
  return branch_name(static_cast<BranchId>(branch));
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string rate_text(std::int64_t count, double hours) {
  const auto [low, high] = poisson_bounds(count);
  return fmt::format("{:.1f} ({:.1f}..{:.1f})", static_cast<double>(count) / hours, low / hours,
                     high / hours);
}

/// Of the collection without changes; 0: there is none of this name.
double hours_of(const MeasureReport& report, const std::string& collection) {
  const auto found = std::find_if(
      report.collections.begin(), report.collections.end(),
      [&](const CollectionFigures& c) { return c.collection == collection && c.condition == "none"; });
  return found == report.collections.end() ? 0 : found->hours;
}

}  // namespace

std::string report_text(const MeasureReport& report) {
  std::string out = fmt::format("{}, thresholds as in the file\n\n| words | number |", report.model);
  for (std::size_t b = 0; b < branch_count; ++b) {
    out += fmt::format(" {}: missed, % | confused, % | median, s | 95 %, s |", name_of(b));
  }
  out += "\n|---|---|" + std::string("---|---|---|---|---|---|---|---|---|---|---|---|") + "\n";
  for (const WordFigures& w : report.words) {
    out += fmt::format("| {} | {} |", w.condition, w.words);
    for (std::size_t b = 0; b < branch_count; ++b) {
      out += fmt::format(" {:.1f} | {:.1f} | {:.2f} | {:.2f} |", percent(w.missed[b], w.words),
                         percent(w.confused[b], w.words), w.latency_median[b], w.latency_95[b]);
    }
    out += "\n";
  }
  out += "\nFalse accepts per hour of speech (95 % bounds):\n\n| collection | condition | hours |";
  for (std::size_t b = 0; b < branch_count; ++b) {
    out += fmt::format(" {} |", name_of(b));
  }
  out += "\n|---|---|---|---|---|---|\n";
  for (const CollectionFigures& c : report.collections) {
    out += fmt::format("| {} | {} | {:.2f} |", c.collection, c.condition, c.hours);
    for (std::size_t b = 0; b < branch_count; ++b) {
      out += fmt::format(" {} |", rate_text(c.false_accepts[b], c.hours));
    }
    out += "\n";
  }
  if (report.points.empty()) return out;
  out +=
      "\nOne threshold for all keywords, no collection above the rate:\n\n| per hour of speech | branch | "
      "threshold | "
      "worst |";
  const std::size_t conditions = report.points.front().missed[0].size();
  for (std::size_t i = 0; i < conditions; ++i) {
    out += fmt::format(" missed {}, % |", report.words[i].condition);
  }
  out += "\n|---|---|---|---|";
  for (std::size_t i = 0; i < conditions; ++i) out += "---|";
  out += "\n";
  for (const EqualPoint& p : report.points) {
    for (std::size_t b = 0; b < branch_count; ++b) {
      out += fmt::format("| {} | {} | {:.3f} | {} {:.1f} |", p.per_hour, name_of(b), p.threshold[b],
                         p.worst[b], p.worst_per_hour[b]);
      for (const double missed : p.missed[b]) {
        out += fmt::format(" {:.1f} |", 100 * missed);
      }
      out += "\n";
    }
  }
  return out;
}

std::string report_json(const MeasureReport& report) {
  Json out;
  out["model"] = report.model;
  for (const WordFigures& w : report.words) {
    Json& row = out["words"].emplace_back();
    row["condition"] = w.condition;
    row["words"] = w.words;
    for (std::size_t b = 0; b < branch_count; ++b) {
      row["branches"][name_of(b)] = {{"missed", w.missed[b]},
                                     {"confused", w.confused[b]},
                                     {"latency_median_seconds", w.latency_median[b]},
                                     {"latency_95_percent_seconds", w.latency_95[b]}};
    }
  }
  for (const CollectionFigures& c : report.collections) {
    Json& row = out["collections"].emplace_back();
    row["collection"] = c.collection;
    row["condition"] = c.condition;
    row["hours"] = c.hours;
    for (std::size_t b = 0; b < branch_count; ++b) {
      const auto [low, high] = poisson_bounds(c.false_accepts[b]);
      row["branches"][name_of(b)] = {{"false_accepts", c.false_accepts[b]},
                                     {"per_hour", static_cast<double>(c.false_accepts[b]) / c.hours},
                                     {"bounds_95_percent", {low / c.hours, high / c.hours}}};
    }
  }
  for (const EqualPoint& p : report.points) {
    Json& row = out["one_threshold"].emplace_back();
    row["per_hour"] = p.per_hour;
    for (std::size_t b = 0; b < branch_count; ++b) {
      Json& branch = row["branches"][name_of(b)];
      branch = {{"threshold", p.threshold[b]},
                {"worst", p.worst[b]},
                {"worst_per_hour", p.worst_per_hour[b]},
                {"missed", p.missed[b]}};
      if (const double hours = hours_of(report, p.worst[b]); hours > 0) {
        const std::int64_t count = std::llround(p.worst_per_hour[b] * hours);
        const auto [low, high] = poisson_bounds(count);
        branch["worst_hours"] = hours;
        branch["worst_false_accepts"] = count;
        branch["worst_bounds_95_percent"] = {low / hours, high / hours};
      }
    }
  }
  return out.dump(2) + "\n";
}

namespace {

MeasureReport report_of(const Json& json) {
  MeasureReport report;
  report.model = json.at("model").get<std::string>();
  for (const Json& row : json.value("words", Json::array())) {
    WordFigures& w = report.words.emplace_back();
    w.condition = row.at("condition").get<std::string>();
    w.words = row.at("words").get<std::int64_t>();
    for (std::size_t b = 0; b < branch_count; ++b) {
      const Json& branch = row.at("branches").at(name_of(b));
      w.missed[b] = branch.at("missed").get<std::int64_t>();
      w.confused[b] = branch.at("confused").get<std::int64_t>();
      w.latency_median[b] = branch.at("latency_median_seconds").get<double>();
      w.latency_95[b] = branch.at("latency_95_percent_seconds").get<double>();
    }
  }
  for (const Json& row : json.value("collections", Json::array())) {
    CollectionFigures& c = report.collections.emplace_back();
    c.collection = row.at("collection").get<std::string>();
    c.condition = row.at("condition").get<std::string>();
    c.hours = row.at("hours").get<double>();
    for (std::size_t b = 0; b < branch_count; ++b) {
      c.false_accepts[b] = row.at("branches").at(name_of(b)).at("false_accepts").get<std::int64_t>();
    }
  }
  for (const Json& row : json.value("one_threshold", Json::array())) {
    EqualPoint& p = report.points.emplace_back();
    p.per_hour = row.at("per_hour").get<double>();
    for (std::size_t b = 0; b < branch_count; ++b) {
      const Json& branch = row.at("branches").at(name_of(b));
      p.threshold[b] = branch.at("threshold").get<float>();
      p.worst[b] = branch.at("worst").get<std::string>();
      p.worst_per_hour[b] = branch.at("worst_per_hour").get<double>();
      p.missed[b] = branch.at("missed").get<std::vector<double>>();
    }
  }
  return report;
}

/// Whether the tables can be written: counts that are none, or rows of different lengths, cannot be of a
/// report.
bool is_whole(const MeasureReport& report) {
  const auto counts = [](const auto& all) { return std::ranges::all_of(all, [](auto n) { return n >= 0; }); };
  return std::ranges::all_of(
             report.words,
             [&](const WordFigures& w) { return w.words >= 0 && counts(w.missed) && counts(w.confused); }) &&
         std::ranges::all_of(
             report.collections,
             [&](const CollectionFigures& c) { return c.hours > 0 && counts(c.false_accepts); }) &&
         std::ranges::all_of(report.points, [&](const EqualPoint& p) {
           return std::ranges::all_of(p.missed, [&](const auto& missed) {
             return missed.size() == report.points.front().missed[0].size() &&
                    missed.size() <= report.words.size();
           });
         });
}

}  // namespace

MeasureReport report_from_json(const std::string& json, const std::string& name) {
  try {
    MeasureReport report = report_of(Json::parse(json));
    if (is_whole(report)) return report;
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::bad_data, fmt::format("{}: {}, expected a file of kwsd-train measure --json", name,
                                                 printable(error.what())));
  }
  throw Error(
      ErrorKind::bad_data,
      fmt::format("{}: found counts or rows that no report has, expected a file of kwsd-train measure --json",
                  name));
}

}  // namespace kwsd::train
