#include "app/network/metrics_text.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

namespace kwsd {

namespace {

using Json = nlohmann::json;
using Labels = std::initializer_list<std::pair<const char*, std::string>>;

Json object_of(std::string_view line) {
  Json object = Json::parse(line, nullptr, false);
  return object.is_object() && object.contains("ok") ? object : Json();
}

std::string member_text(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The value of a label: '\\', '"' and line breaks are escaped.
std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c == '\\' || c == '"' ? std::string{'\\', c} : std::string{c};
    }
  }
  return out;
}

class MetricsPage {
 public:
  /// Begins a metric; its values follow.
  void metric(const char* name, const char* type, const char* help) {
    name_ = name;
    head_ = std::string("# HELP ") + name + ' ' + help + "\n# TYPE " + name + ' ' + type + '\n';
  }
  /// Writes a number or boolean; skips anything else.
  void value(const Json& value, Labels labels = {}) {
    if (!value.is_number() && !value.is_boolean()) {
      return;
    }
    text_ += std::exchange(head_, "") + name_;
    char separator = '{';
    for (const auto& [label, text] : labels) {
      text_ += std::string{std::exchange(separator, ',')} + label + "=\"" + escaped(text) + '"';
    }
    text_ += separator == ',' ? "} " : " ";
    text_ += (value.is_boolean() ? std::string(value.get<bool>() ? "1" : "0") : value.dump()) + '\n';
  }
  void member(const Json& object, const char* member, const char* name, const char* type, const char* help) {
    metric(name, type, help);
    if (const auto found = object.find(member); found != object.end()) {
      value(*found);
    }
  }
  [[nodiscard]] std::string text() const { return text_; }

 private:
  std::string text_, head_, name_;
};

void add_state(MetricsPage& page, const Json& status) {
  page.metric("kwsd_build_info", "gauge", "The version of kwsd.");
  page.value(1, {{"version", member_text(status, "version")}});
  page.metric("kwsd_device_up", "gauge", "Whether the input is open; 0 while kwsd waits for a microphone.");
  page.value(member_text(status, "device") == "open");
  page.member(status, "muted", "kwsd_muted", "gauge", "Whether kwsd is muted.");
  page.member(status, "level", "kwsd_level_dbfs", "gauge",
              "RMS of the last second of sound in dB of full scale.");
  page.member(status, "load", "kwsd_load_ratio", "gauge", "CPU load of the machine as the governor sees it.");
  page.metric("kwsd_branch", "gauge", "Whether this branch of the network runs.");
  for (const char* branch : {"full", "half", "quarter"}) {
    page.value(member_text(status, "branch") == branch, {{"branch", branch}});
  }
  page.metric("kwsd_clients", "gauge", "Programs that are connected to this socket.");
  for (const char* socket : {"events", "control"}) {
    const auto clients = status.find("clients");
    if (clients != status.end() && clients->is_object()) {
      page.value(clients->value(socket, Json()), {{"socket", socket}});
    }
  }
}

void add_counters(MetricsPage& page, const Json& status) {
  page.member(status, "seconds", "kwsd_stream_seconds_total", "counter", "Seconds of sound since the start.");
  page.member(status, "windows", "kwsd_windows_total", "counter", "Windows that were classified.");
  page.member(status, "branch_changes", "kwsd_branch_changes_total", "counter", "Changes of the branch.");
  page.member(status, "overruns", "kwsd_overrun_samples_total", "counter",
              "Samples that were lost between device and network.");
  page.member(status, "dropped", "kwsd_dropped_events_total", "counter",
              "Events that were lost because standard output was read too slowly.");
  page.member(status, "clips_dropped", "kwsd_dropped_clips_total", "counter",
              "Clips that could not be saved.");
  const Json second = status.value("second_stage", Json::object());
  if (second.is_object()) {
    page.member(second, "openings", "kwsd_second_stage_openings_total", "counter",
                "Times that the gate of a second stage opened.");
    page.member(second, "windows", "kwsd_second_stage_windows_total", "counter",
                "Windows that second stages computed.");
    page.member(second, "seconds", "kwsd_second_stage_seconds_total", "counter",
                "CPU time that second stages took in seconds.");
  }
}

void add_keywords(MetricsPage& page, const Json& answer) {
  const Json rows = answer.value("keywords", Json::array());
  page.metric("kwsd_detections_total", "counter", "Detections of this keyword since the start.");
  for (const Json& row : rows) {
    if (row.is_object()) {
      page.value(row.value("detections", Json()),
                 {{"keyword", member_text(row, "keyword")}, {"model", member_text(row, "model")}});
    }
  }
  page.metric("kwsd_threshold_ratio", "gauge", "The threshold in force, from 0 to 1.");
  for (const Json& row : rows) {
    const Json thresholds = row.is_object() ? row.value("thresholds", Json()) : Json();
    for (const auto& [branch, threshold] : thresholds.items()) {
      page.value(threshold, {{"keyword", member_text(row, "keyword")},
                             {"model", member_text(row, "model")},
                             {"branch", branch}});
    }
  }
}

}  // namespace

std::string metrics_text(std::string_view status, std::string_view keywords) {
  const Json state = object_of(status), words = object_of(keywords);
  MetricsPage page;
  page.metric("kwsd_up", "gauge", "Whether kwsd answers.");
  page.value(state.is_object() && words.is_object());
  if (state.is_object() && words.is_object()) {
    add_state(page, state);
    add_counters(page, state);
    add_keywords(page, words);
  }
  return page.text();
}

}  // namespace kwsd
