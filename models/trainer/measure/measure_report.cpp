#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

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
  out +=
      "\nOne threshold for all keywords, no collection above the rate:\n\n| per hour of speech | branch | threshold | "
      "worst |";
  for (const WordFigures& w : report.words) {
    if (!report.points.empty() &&
        &w - report.words.data() < static_cast<std::ptrdiff_t>(report.points.front().missed[0].size())) {
      out += fmt::format(" missed {}, % |", w.condition);
    }
  }
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
      row["branches"][name_of(b)] = {{"threshold", p.threshold[b]},
                                     {"worst", p.worst[b]},
                                     {"worst_per_hour", p.worst_per_hour[b]},
                                     {"missed", p.missed[b]}};
    }
  }
  return out.dump(2) + "\n";
}

}  // namespace kwsd::train
