#include "app/daemon/control_requests.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "app/base/log.h"
#include "app/base/version.h"
#include "app/events/event_sink.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

[[noreturn]] void refuse(const std::string& member, const std::string& found, const std::string& expected) {
  throw Error(ErrorKind::usage, member + ": found " + found + ", expected " + expected);
}

double four_places(float value) {
  return std::round(1e4 * static_cast<double>(value)) / 1e4;
}

/// A keyword, its model and its thresholds.
Json keyword_json(const ThresholdBoard::Row& row, std::span<const std::string> models) {
  Json thresholds;
  for (int b = 0; b < branch_count; ++b) {
    thresholds[branch_name(static_cast<BranchId>(b))] =
        four_places(row.in_force[static_cast<std::size_t>(b)]);
  }
  return {{"keyword", row.word}, {"model", models[row.model]}, {"thresholds", std::move(thresholds)}};
}

Json parse(std::string_view line) {
  Json request = Json::parse(line, nullptr, false);
  if (!request.is_object()) {
    throw Error(ErrorKind::usage, std::string("found ") +
                                      (request.is_discarded() ? "no JSON" : request.type_name()) +
                                      R"(, expected an object such as {"command":"status"})");
  }
  return request;
}

}  // namespace

/// The members of a request other than "command".
class ControlRequests::Members {
 public:
  explicit Members(const Json& request) : request_(request) {}

  /// Throws Error if there are members other than `known` and "command".
  void check(std::span<const char* const> known) const {
    for (const auto& [name, value] : request_.items()) {
      if (name != "command" && std::find(known.begin(), known.end(), name) == known.end()) {
        refuse("request", "the member '" + printable(name) + "'",
               known.empty() ? "command alone" : fmt::format("{}", fmt::join(known, ", ")));
      }
    }
  }

  [[nodiscard]] bool has(const char* name) const { return request_.contains(name); }
  [[nodiscard]] std::string text(const char* name) const {
    const auto found = request_.find(name);
    if (found == request_.end() || !found->is_string()) {
      refuse(name, found == request_.end() ? "nothing" : found->type_name(), "a string");
    }
    return found->get<std::string>();
  }
  [[nodiscard]] double number(const char* name, double low, double high) const {
    const auto found = request_.find(name);
    const std::string expected = fmt::format("a number from {} to {}", low, high);
    if (found == request_.end() || !found->is_number()) {
      refuse(name, found == request_.end() ? "nothing" : found->type_name(), expected);
    }
    const double value = found->get<double>();
    if (!(value >= low && value <= high)) {
      refuse(name, fmt::format("{}", value), expected);
    }
    return value;
  }

 private:
  const Json& request_;
};

struct ControlRequests::Command {
  const char* name;
  std::span<const char* const> members;
  void (ControlRequests::*run)(const Members&, Json&);
  bool changes, subscribes;
};

const ControlRequests::Command& ControlRequests::command_named(const std::string& name) {
  using Self = ControlRequests;
  static constexpr std::array threshold_members{"word", "value", "branch"};
  static constexpr std::array branch_members{"branch"};
  static constexpr std::array model_members{"add", "remove", "replace", "by"};
  static const std::array<Command, 10> commands{{
      {"mute", {}, &Self::mute, true, false},
      {"unmute", {}, &Self::unmute, true, false},
      {"threshold", threshold_members, &Self::threshold, true, false},
      {"branch", branch_members, &Self::branch, true, false},
      {"model", model_members, &Self::model, true, false},
      {"status", {}, &Self::status, false, false},
      {"keywords", {}, &Self::keywords, false, false},
      {"configured", {}, &Self::configured, false, false},
      {"scores", {}, &Self::scores, false, false},
      {"subscribe", {}, &Self::subscribe, false, true},
  }};
  const auto found =
      std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return name == c.name; });
  if (found == commands.end()) {
    std::string names;
    for (const Command& command : commands) {
      names += (names.empty() ? "" : ", ") + std::string(command.name);
    }
    refuse("command", "'" + printable(name) + "'", "one of " + names);
  }
  return *found;
}

ControlRequests::ControlRequests(ControlTarget target) : target_(std::move(target)) {}

ControlRequests::~ControlRequests() = default;

Answer ControlRequests::answer(std::string_view line, const Peer& peer) noexcept {
  try {
    const Json request = parse(line);
    const Members members(request);
    const std::string name = members.text("command");
    const Command& command = command_named(name);
    members.check(command.members);
    Json answer = {{"ok", true}};
    {
      const std::scoped_lock lock(target_.mutex);
      (this->*command.run)(members, answer);
    }
    if (command.changes) {
      spdlog::info("control: {} (process {}, user {})", request.dump(-1, ' ', true), peer.pid, peer.uid);
    }
    return {line_of(answer), command.subscribes};
  } catch (const Error& error) {
    return {refusal_line(error.what(), error.exit_code()), false};
  } catch (const std::exception& error) {
    return {refusal_line(error.what(), static_cast<int>(ErrorKind::internal)), false};
  }
}

void ControlRequests::on_event(const Event& event) noexcept {
  if (const auto* detected = std::get_if<DetectionEvent>(&event.body)) {
    const std::string& word =
        detected->model->labels[static_cast<std::size_t>(detected->detection.label)].name;
    ++detections_[{detected->model->name, word}];
  }
}

void ControlRequests::mute(const Members&, Json&) {
  target_.controls.set_muted(true);
}

void ControlRequests::unmute(const Members&, Json&) {
  target_.controls.set_muted(false);
}

void ControlRequests::threshold(const Members& members, Json&) {
  const auto value = static_cast<float>(members.number("value", 0, 1));
  const std::string word = members.has("word") ? members.text("word") : "";
  std::optional<BranchId> branch;
  if (members.has("branch")) {
    const std::string name = members.text("branch");
    branch = fixed_branch(name);
    if (!branch) {
      refuse("branch", "'" + printable(name) + "'", "full, half or quarter");
    }
  }
  if ((members.has("word") && word.empty()) || !target_.controls.set_threshold(word, value, branch)) {
    refuse("word", "'" + printable(word) + "'", "a keyword of a model that listens");
  }
}

void ControlRequests::branch(const Members& members, Json&) {
  const std::string name = members.text("branch");
  const std::optional<BranchId> fixed = fixed_branch(name);
  if (!fixed && name != "auto") {
    refuse("branch", "'" + printable(name) + "'", "auto, full, half or quarter");
  }
  target_.controls.set_branch(fixed);
}

/// Finds an active model, by its name or by the name in the request.
std::size_t ControlRequests::model_position(const std::string& name) const {
  const std::vector<std::string>& names = target_.reload.models();
  const std::vector<std::string>& settings = target_.reload.model_settings();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name || settings[i] == name) {
      return i;
    }
  }
  return nowhere;
}

/// A model to load is given by its name: a program at the socket may not choose files.
void ControlRequests::check_model(const std::string& name, std::size_t except) const {
  if (name.empty() || name.find('/') != std::string::npos || name.ends_with(".kwsm")) {
    refuse("model", "'" + printable(name) + "'", "the name of an installed model");
  }
  if (const std::size_t position = model_position(name); position != nowhere && position != except) {
    refuse("model", "'" + printable(name) + "', which listens already", "another model");
  }
}

void ControlRequests::model(const Members& members, Json& answer) {
  std::vector<std::string> next = target_.reload.model_settings();
  const int ways =
      (members.has("add") ? 1 : 0) + (members.has("remove") ? 1 : 0) + (members.has("replace") ? 1 : 0);
  if (ways != 1 || members.has("replace") != members.has("by")) {
    refuse("model", std::to_string(ways) + " changes", "add, remove, or replace and by");
  }
  std::size_t position = nowhere;
  if (!members.has("add")) {
    const std::string name = members.text(members.has("remove") ? "remove" : "replace");
    position = model_position(name);
    if (position == nowhere) {
      refuse("model", "'" + printable(name) + "'",
             fmt::format("one that listens: {}", fmt::join(target_.reload.models(), ", ")));
    }
  }
  if (members.has("remove")) {
    if (next.size() == 1) {
      refuse("model", "the last one", "one of several; mute stops listening");
    }
    next.erase(next.begin() + static_cast<std::ptrdiff_t>(position));
  } else {
    const std::string name = members.text(members.has("add") ? "add" : "by");
    check_model(name, position);
    if (position != nowhere) {
      next[position] = name;
    } else if (next.size() < most_models) {
      next.push_back(name);
    } else {
      refuse("model", std::to_string(next.size()) + " models", "at most " + std::to_string(most_models));
    }
  }
  target_.reload.change_models(std::move(next));
  answer["models"] = target_.reload.models();
}

void ControlRequests::status(const Members&, Json& answer) {
  const ControlTarget::Input input = target_.input();
  answer["version"] = version();
  answer["input"] = input.name;
  answer["device"] = input.waiting ? "waiting" : "open";
  answer["muted"] = target_.controls.muted();
  answer["models"] = target_.reload.models();
  answer["automatic"] = target_.controls.branch_is_automatic();
  const auto [events, control] = target_.clients();
  answer["clients"] = {{"events", events}, {"control", control}};
  const Json counters =
      Json::parse(format_event({target_.pipeline.status(), {}}, {.text = false, .wall_clock = false}));
  for (const auto& [name, value] : counters.items()) {
    if (name != "event") {
      answer[name] = value;
    }
  }
}

void ControlRequests::keywords(const Members&, Json& answer) {
  answer["keywords"] = Json::array();
  for (const ThresholdBoard::Row& row : target_.controls.thresholds()) {
    Json keyword = keyword_json(row, target_.reload.models());
    const auto counted = detections_.find({target_.reload.models()[row.model], row.word});
    keyword["detections"] = counted == detections_.end() ? 0 : counted->second;
    answer["keywords"].push_back(std::move(keyword));
  }
}

/// What a reload would bring.
void ControlRequests::configured(const Members&, Json& answer) {
  const std::unique_ptr<Recognizer> next = target_.reload.configured();
  const std::vector<std::string> models = next->model_names();
  answer["models"] = models;
  answer["keywords"] = Json::array();
  for (const ThresholdBoard::Row& row : next->thresholds().rows()) {
    answer["keywords"].push_back(keyword_json(row, models));
  }
}

/// What changes many times a second.
void ControlRequests::scores(const Members&, Json& answer) {
  const StatusEvent status = target_.pipeline.status();
  answer["seconds"] = static_cast<double>(status.sample * 1000 / stream_rate_hz) / 1000;
  answer["level"] = std::round(10 * status.level_db) / 10;
  answer["branch"] = branch_name(target_.controls.branch());
  answer["scores"] = Json::array();
  for (std::size_t row = 0; row < target_.controls.thresholds().size(); ++row) {
    answer["scores"].push_back(four_places(target_.controls.score(row)));
  }
}

void ControlRequests::subscribe(const Members&, Json&) {}

}  // namespace kwsd
