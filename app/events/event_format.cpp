#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "app/events/event_sink.h"
#include "app/events/request_handler.h"
#include "engine/audio/stream_rate.h"

namespace kwsd {

namespace {

using Json = nlohmann::ordered_json;

/// The shortest decimal that is accurate to `places`: 0.97, not 0.9700000286102295.
double rounded(double value, int places) {
  const double unit = std::pow(10.0, places);
  return std::round(value * unit) / unit;
}

double seconds(std::int64_t sample) {
  return rounded(static_cast<double>(sample) / stream_rate_hz, 3);
}

const char* reason_name(EndReason reason) {
  constexpr std::array<const char*, 3> names{"end_of_input", "stopped", "input_error"};
  return names[static_cast<std::size_t>(reason)];
}

/// Writes the fields of each event, in the order in which they are read.
struct Fields {
  Json& json;
  const Event& event;
  const EventFormat& format;

  void time() const {
    if (format.wall_clock) {
      json["time"] = timestamp(event.time);
    }
  }

  void load(double value) const {
    if (value >= 0) {
      json["load"] = rounded(value, 3);
    }
  }

  /// Writes the time only if there is also a load: a run over a file gives the same output each time.
  void second_stage(const SecondStageCounts& counts, bool timed) const {
    json["second_stage"] = {{"openings", counts.openings}, {"windows", counts.windows}};
    if (timed) {
      json["second_stage"]["seconds"] = rounded(counts.seconds, 3);
    }
  }

  void totals(const StatusEvent& status) const {
    json["seconds"] = seconds(status.sample);
    load(status.load);
    json["branch"] = branch_name(status.branch);
    json["windows"] = status.windows;
    if (status.second_stage) {
      second_stage(*status.second_stage, status.load >= 0);
    }
    json["detections"] = status.detections;
    json["branch_changes"] = status.branch_changes;
    json["overruns"] = status.overrun_samples;
    json["dropped"] = status.dropped;
    if (status.clips_dropped >= 0) {
      json["clips_dropped"] = status.clips_dropped;
    }
  }

  void operator()(const ReadyEvent& ready) const {
    json["event"] = "ready";
    json["input"] = ready.input;
    json["rate"] = ready.rate_hz;
    json["models"] = ready.models;
    json["branch"] = branch_name(ready.branch);
    json["kernels"] = ready.kernels;
  }
  void operator()(const DetectionEvent& detected) const {
    const Detection& detection = detected.detection;
    json["event"] = "detection";
    json["keyword"] = detected.model->labels[static_cast<std::size_t>(detection.label)].name;
    json["score"] = rounded(detection.score, 4);
    json["threshold"] = rounded(detection.threshold, 4);
    json["start"] = seconds(detection.start_sample);
    json["end"] = seconds(detection.end_sample);
    json["level"] = rounded(detected.level_db, 1);
    json["snr"] = rounded(detected.snr_db, 1);
    time();
    json["seq"] = detected.seq;
    json["branch"] = branch_name(detection.branch);
    json["model"] = detected.model->name;
  }
  void operator()(const StatusEvent& status) const {
    json["event"] = "status";
    totals(status);
    json["level"] = rounded(status.level_db, 1);
  }
  void operator()(const BranchChangedEvent& change) const {
    json["event"] = "branch_changed";
    json["from"] = branch_name(change.from);
    json["to"] = branch_name(change.to);
    json["seconds"] = seconds(change.sample);
    load(change.load);
  }
  void operator()(const DeviceLostEvent& lost) const {
    json["event"] = "device_lost";
    json["device"] = lost.device;
    json["reason"] = lost.reason;
  }
  void operator()(const DeviceRestoredEvent& restored) const {
    json["event"] = "device_restored";
    json["device"] = restored.device;
    json["rate"] = restored.rate_hz;
  }
  void operator()(const SilentInputEvent& input) const {
    json["event"] = input.silent ? "silent_input" : "silent_input_ended";
    json["channel"] = input.channel;
    if (input.channels > 0) {
      json["channels"] = input.channels;
    }
  }
  void operator()(const MutedEvent& change) const {
    json["event"] = change.muted ? "muted" : "unmuted";
    json["seconds"] = seconds(change.sample);
  }
  void operator()(const ReloadedEvent& reloaded) const {
    json["event"] = "reloaded";
    json["models"] = reloaded.models;
  }
  void operator()(const DroppedEvent& dropped) const {
    json["event"] = "dropped";
    json["events"] = dropped.events;
  }
  void operator()(const EndEvent& end) const {
    json["event"] = "end";
    json["reason"] = reason_name(end.reason);
    totals(end.totals);
  }
};

}  // namespace

std::string timestamp(std::chrono::system_clock::time_point time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto whole = static_cast<std::time_t>(since_epoch / 1000);
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 40> full{};
  std::snprintf(full.data(), full.size(), "%s.%03dZ", date.data(), static_cast<int>(since_epoch % 1000));
  return full.data();
}

std::string refusal_line(const std::string& text, int code) {
  const Json json = {{"error", text}, {"code", code}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string format_event(const Event& event, const EventFormat& format) {
  if (format.text) {
    const auto* detected = std::get_if<DetectionEvent>(&event.body);
    return detected == nullptr
               ? std::string()
               : detected->model->labels[static_cast<std::size_t>(detected->detection.label)].name + '\n';
  }
  Json json;
  const Fields fields{json, event, format};
  std::visit(fields, event.body);
  if (!std::holds_alternative<DetectionEvent>(event.body)) {
    fields.time();
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace kwsd
