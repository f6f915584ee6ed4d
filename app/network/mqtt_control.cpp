#include "app/network/mqtt_control.h"

#include <algorithm>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using nlohmann::json;

/// The object of an answer that is not an error.
json accepted(std::string_view answer) {
  json object = json::parse(answer, nullptr, false);
  if (!object.is_object()) {
    throw Error(ErrorKind::bad_data, "control socket: found '" + printable(answer) + "', expected an answer");
  }
  if (const auto error = object.find("error"); error != object.end()) {
    throw Error(
        ErrorKind::usage,
        "kwsd refuses: " + (error->is_string() ? printable(error->get<std::string>()) : "no reason given"));
  }
  return object;
}

/// Null if `value` is not an object or has no such member.
json member(const json& value, const char* name) {
  return value.is_object() ? value.value(name, json()) : json();
}

const json& array_of(const json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_array()) {
    throw Error(ErrorKind::bad_data, std::string("control socket: found no array '") + member + "'");
  }
  return *found;
}

}  // namespace

std::string control_request(const MqttCommand& command) {
  switch (command.kind) {
    case MqttCommand::Kind::listen:
      return R"({"command":"unmute"})";
    case MqttCommand::Kind::mute:
      return R"({"command":"mute"})";
    default:
      return json{{"command", "threshold"}, {"word", command.word}, {"value", command.threshold}}.dump();
  }
}

std::optional<std::string> model_request(const std::vector<std::string>& listening,
                                         const std::vector<std::string>& wanted) {
  const auto first_missing = [](const std::vector<std::string>& of, const std::vector<std::string>& in) {
    return std::find_if(of.begin(), of.end(), [&in](const std::string& name) {
      return std::find(in.begin(), in.end(), name) == in.end();
    });
  };
  const auto missing = first_missing(wanted, listening);
  const auto spare = first_missing(listening, wanted);
  json request{{"command", "model"}};
  if (missing != wanted.end() && spare != listening.end()) {
    request["replace"] = *spare;
    request["by"] = *missing;
  } else if (missing != wanted.end()) {
    request["add"] = *missing;
  } else if (spare != listening.end()) {
    request["remove"] = *spare;
  } else {
    return std::nullopt;
  }
  return request.dump();
}

std::vector<MqttKeyword> keywords_of(std::string_view answer) {
  std::vector<MqttKeyword> keywords;
  const json object = accepted(answer);
  for (const json& entry : array_of(object, "keywords")) {
    const json word = member(entry, "keyword");
    const json threshold = member(member(entry, "thresholds"), "full");
    if (!word.is_string() || !threshold.is_number()) {
      throw Error(ErrorKind::bad_data, "control socket: found a keyword without its word or threshold");
    }
    const auto text = word.get<std::string>();
    const auto same = [&text](const MqttKeyword& other) { return other.word == text; };
    if (std::none_of(keywords.begin(), keywords.end(), same)) {
      keywords.push_back({text, threshold.get<double>()});
    }
  }
  return keywords;
}

std::vector<std::string> models_of(std::string_view answer) {
  std::vector<std::string> models;
  const json object = accepted(answer);
  for (const json& name : array_of(object, "models")) {
    models.push_back(name.is_string() ? name.get<std::string>() : std::string());
  }
  return models;
}

void check_answer(std::string_view answer) {
  (void)accepted(answer);
}

}  // namespace kwsd
