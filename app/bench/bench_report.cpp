#include "app/bench/bench_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/base/text_table.h"

namespace kwsd {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(std::size_t branch) {
  return branch_name(static_cast<BranchId>(branch));
}

/// Three significant digits or more.
std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  return text;
}

/// "12.3 +4 -1 %": the median, and the distance of the middle 80 % from it.
std::string with_spread(const Timing& t) {
  char text[48];
  const double unit = t.median_us > 0 ? 100 / t.median_us : 0;
  std::snprintf(text, sizeof text, " +%.0f -%.0f %%", (t.high_us - t.median_us) * unit,
                (t.median_us - t.low_us) * unit);
  return number(t.median_us) + text;
}

std::string ratio(const Timing& slow, const Timing& fast) {
  return fast.median_us > 0 ? number(slow.median_us / fast.median_us) + "x" : "";
}

double stage_sum(const std::array<Timing, stage_count>& stages) {
  double sum = 0;
  for (const Timing& t : stages) {
    sum += t.median_us;
  }
  return sum;
}

/// MFCC of one hop and the window that follows.
double pipeline_us(const SetTimes& set, std::size_t branch) {
  return set.windows[branch].in_stream.median_us +
         set.stages[branch][static_cast<std::size_t>(Stage::mfcc)].median_us;
}

Json json_of(const Timing& t) {
  return {{"median", t.median_us}, {"low", t.low_us}, {"high", t.high_us}};
}

Json json_of(const WindowTimes& times) {
  return {{"whole_window", json_of(times.whole)}, {"in_stream", json_of(times.in_stream)}};
}

Json branch_json(const BenchReport& report, const SetTimes& set, std::size_t b) {
  Json json = json_of(set.windows[b]);
  json["windows_per_second"] = 1e6 / pipeline_us(set, b);
  Json& stages = json["stages"] = Json::object();
  for (std::size_t s = 0; s < stage_names.size(); ++s) {
    stages[std::string(stage_names[s])] = json_of(set.stages[b][s]);
  }
  if (!report.float_library.empty()) {
    const auto times = [&](const WindowTimes& fp32) -> Json {
      return {{"whole_window", fp32.whole.median_us / set.windows[b].whole.median_us},
              {"in_stream", fp32.in_stream.median_us / set.windows[b].in_stream.median_us}};
    };
    json["faster_than_float32"] = times(report.float32[b]);
  }
  return json;
}

void add_times(TextTable& table, const BenchReport& report, const std::string& set, std::size_t b,
               const WindowTimes& times, const std::string& windows_per_second) {
  std::vector<std::string> row{set, name_of(b), with_spread(times.whole), with_spread(times.in_stream),
                               windows_per_second};
  if (!report.float_library.empty()) {
    row.push_back(ratio(report.float32[b].whole, times.whole));
    row.push_back(ratio(report.float32[b].in_stream, times.in_stream));
  }
  table.add_row(std::move(row));
}

std::string times_table(const BenchReport& report) {
  TextTable table;
  std::vector<std::string> head{"kernels", "branch", "whole, us", "in stream, us", "windows/s"};
  if (!report.float_library.empty()) {
    head.insert(head.end(), {"whole", "in stream"});
  }
  table.add_row(std::move(head));
  for (std::size_t b = 0; !report.float_library.empty() && b < report.float32.size(); ++b) {
    add_times(table, report, "float32", b, report.float32[b], "");
  }
  for (const SetTimes& set : report.sets) {
    for (std::size_t b = 0; b < set.windows.size(); ++b) {
      add_times(table, report, set.name, b, set.windows[b], number(1e6 / pipeline_us(set, b)));
    }
  }
  return table.text();
}

std::string stages_table(const BenchReport& report) {
  TextTable table;
  std::vector<std::string> head{"kernels", "branch"};
  head.insert(head.end(), stage_names.begin(), stage_names.end());
  head.emplace_back("sum");
  table.add_row(std::move(head));
  for (const SetTimes& set : report.sets) {
    for (std::size_t b = 0; b < set.stages.size(); ++b) {
      std::vector<std::string> row{set.name, name_of(b)};
      for (const Timing& t : set.stages[b]) {
        row.push_back(number(t.median_us));
      }
      row.push_back(number(stage_sum(set.stages[b])));
      table.add_row(std::move(row));
    }
  }
  return table.text();
}

}  // namespace

Json bench_json(const BenchReport& report) {
  Json json{
      {"model", report.model},         {"cpu", report.cpu},       {"auto", report.selected}, {"threads", 1},
      {"samples", Stopwatch::samples}, {"hop_ms", report.hop_ms}, {"float32", nullptr}};
  if (!report.float_library.empty()) {
    Json& float32 = json["float32"] = {{"library", report.float_library}};
    for (std::size_t b = 0; b < report.float32.size(); ++b) {
      float32["branches"][name_of(b)] = json_of(report.float32[b]);
    }
  }
  Json& sets = json["sets"] = Json::object();
  for (const SetTimes& set : report.sets) {
    for (std::size_t b = 0; b < set.windows.size(); ++b) {
      sets[set.name][name_of(b)] = branch_json(report, set, b);
    }
  }
  return json;
}

std::string bench_text(const BenchReport& report) {
  std::string text =
      "CPU: " + report.cpu + "; --kernels auto takes " + report.selected + " here.\n" + report.model +
      ", one thread, CPU time.\n\n" + times_table(report) + "\n" +
      (report.streaming ? "whole      a change of branch: the blocks of the new branch over the " +
                              std::to_string(report.steps) + " steps that the full branch reaches\n"
                        : "whole      features to posteriors of a window without earlier ones: all " +
                              std::to_string(report.steps) + " front-end steps\n") +
      "in stream  the next " + (report.streaming ? "steps, " : "window, ") + number(report.hop_ms) +
      " ms later: " + std::to_string(report.new_steps) +
      (report.new_steps == 1 ? " of the steps is new" : " of the steps are new") +
      "; windows/s includes the MFCC\n" +
      "+a -b %    the middle 80 % of the samples around the median\n";
  if (report.float_library.empty()) {
    text += "No comparison with float32: " + report.float_missing + ".\n";
  } else {
    text += "float32    the same layers in " + report.float_library +
            ", BN folded. The last columns tell how many times faster\n"
            "           a window is than the same window of the same branch in float32\n";
  }
  return text + "\nMicroseconds of a window in a stream, by stage:\n\n" + stages_table(report);
}

}  // namespace kwsd
