#include "app/network/mqtt_bridge.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <utility>

#include "app/base/version.h"
#include "app/base/words.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using nlohmann::json;

constexpr std::size_t most_models = 16;
constexpr double never = std::numeric_limits<double>::infinity();

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_of(const json& event, const char* field) {
  const auto found = event.find(field);
  return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Seconds since 1970 of "2026-11-22T20:44:01.120Z"; nothing: another text.
std::optional<double> parse_time(const std::string& text) {
  std::tm utc{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (end == nullptr) {
    return std::nullopt;
  }
  double fraction = 0;
  if (*end == '.') {
    std::from_chars(end, text.c_str() + text.size(), fraction);
  }
  return static_cast<double>(timegm(&utc)) + fraction;
}

[[noreturn]] void fail(std::string_view topic, std::string_view payload, const char* expected) {
  throw Error(ErrorKind::bad_data,
              "MQTT: " + printable(topic) + ": found '" + printable(payload) + "', expected " + expected);
}

std::optional<double> parse_threshold_payload(std::string_view payload) {
  double value = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), value);
  const bool whole = error == std::errc() && end == payload.data() + payload.size();
  return whole && value >= 0 && value <= 1 ? std::optional(value) : std::nullopt;
}

/// "computer, commands"; none: another text.
std::vector<std::string> parse_models_payload(std::string_view payload) {
  std::vector<std::string> names;
  for (std::size_t at = 0, end = 0; at <= payload.size(); at = end + 1) {
    end = std::min(payload.find(',', at), payload.size());
    names.emplace_back(trimmed(payload.substr(at, end - at)));
  }
  const bool good = names.size() <= most_models && std::all_of(names.begin(), names.end(), is_name);
  return good ? names : std::vector<std::string>();
}

/// The text after `prefix`; nothing if `text` does not begin with it.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

}  // namespace

MqttMessage MqttBridge::will() const {
  return {identity_.topic("availability"), "offline", true, never};
}

std::vector<std::string> MqttBridge::subscriptions() const {
  std::vector<std::string> topics;
  std::vector<std::string> names = identity_.groups;
  names.push_back(identity_.id);
  for (const std::string& who : names) {
    topics.push_back(identity_.of(who, "listen/set"));
    topics.push_back(identity_.of(who, "threshold/+/set"));
    topics.push_back(identity_.of(who, "models/set"));
  }
  if (!identity_.discovery_prefix.empty()) {
    topics.push_back(identity_.discovery_prefix + "/status");
  }
  if (identity_.hermes) {
    topics.emplace_back("hermes/hotword/toggleOn");
    topics.emplace_back("hermes/hotword/toggleOff");
  }
  return topics;
}

void MqttBridge::state(const std::string& leaf, std::string payload, Outbox& outbox) const {
  outbox.push({identity_.topic(leaf), std::move(payload), true, never});
}

void MqttBridge::publish_discovery(Outbox& outbox) const {
  if (!identity_.discovery_prefix.empty()) {
    outbox.push({discovery_topic(identity_),
                 dump(discovery_document(identity_, {keywords_, gone_, commands_})), true, never});
  }
}

void MqttBridge::publish_problem(Outbox& outbox) const {
  state("problem", lost_ || silent_ ? "ON" : "OFF", outbox);
}

void MqttBridge::publish_states(Outbox& outbox) {
  republish_at_ = never;
  publish_discovery(outbox);
  state("availability", online_ ? "online" : "offline", outbox);
  if (online_) {
    state("listen", muted_ ? "OFF" : "ON", outbox);
    publish_problem(outbox);
  }
  for (const MqttKeyword& keyword : keywords_) {
    state("threshold/" + topic_level(keyword.word), dump(std::round(keyword.threshold * 1e4) / 1e4), outbox);
  }
}

void MqttBridge::broker_connected(Outbox& outbox) {
  publish_states(outbox);
}

void MqttBridge::set_commands(bool possible, Outbox& outbox) {
  if (possible != std::exchange(commands_, possible)) {
    publish_states(outbox);
  }
}

void MqttBridge::set_keywords(std::vector<MqttKeyword> keywords, Outbox& outbox) {
  if (keywords == keywords_) {
    return;
  }
  const auto listed = [&keywords](const std::string& word) {
    return std::any_of(keywords.begin(), keywords.end(),
                       [&](const MqttKeyword& k) { return k.word == word; });
  };
  for (const MqttKeyword& old : keywords_) {
    gone_.push_back(old.word);
  }
  std::erase_if(gone_, listed);
  keywords_ = std::move(keywords);
  publish_states(outbox);
}

void MqttBridge::kwsd_gone(Outbox& outbox) {
  if (std::exchange(online_, false)) {
    state("availability", "offline", outbox);
  }
}

std::string MqttBridge::take_event(std::string_view line, double now, double wall, Outbox& outbox) {
  const json event = json::parse(line, nullptr, false);
  std::string kind = event.is_object() ? text_of(event, "event") : std::string();
  if (kind.empty()) {
    throw Error(ErrorKind::bad_data,
                "event socket: found '" + printable(line) + "', expected an event of kwsd");
  }
  if (kind == "detection") {
    detected(event, now, wall, outbox);
  } else if (kind == "ready") {  // events with reasons not to listen follow
    online_ = true;
    muted_ = lost_ = silent_ = false;
    publish_states(outbox);
  } else if (kind == "end") {
    kwsd_gone(outbox);
  } else if (kind == "muted" || kind == "unmuted") {
    muted_ = kind == "muted";
    state("listen", muted_ ? "OFF" : "ON", outbox);
  } else if (kind == "device_lost" || kind == "device_restored") {
    lost_ = kind == "device_lost";
    publish_problem(outbox);
  } else if (kind == "silent_input" || kind == "silent_input_ended") {
    silent_ = kind == "silent_input";
    publish_problem(outbox);
  } else if (kind == "status") {
    outbox.push({identity_.topic("status"), std::string(line), false, now + expiry_});
  } else if (kind == "dropped" && event.contains("events") && event["events"].is_number_integer()) {
    missed_ += std::clamp<std::int64_t>(event["events"].get<std::int64_t>(), 0, 1 << 30);
    state("missed", std::to_string(missed_), outbox);
  }
  return kind;
}

void MqttBridge::detected(const json& event, double now, double wall, Outbox& outbox) {
  const std::string word = text_of(event, "keyword");
  const std::optional<double> time = parse_time(text_of(event, "time"));
  const double age = time ? std::max(wall - *time, 0.0) : 0;
  json payload{{"event_type", word}};
  for (const auto& [field, value] : event.items()) {
    if (value.is_primitive()) {
      payload[field] = value;
    }
  }
  outbox.push({identity_.topic("detection"), dump(payload), false, now - age + expiry_});
  if (identity_.hermes) {
    const json threshold = event.value("threshold", json(0));
    outbox.push({"hermes/hotword/" + topic_level(word) + "/detected",
                 dump({{"modelId", word},
                       {"modelVersion", version()},
                       {"modelType", "personal"},
                       {"currentSensitivity", threshold.is_number() ? threshold : json(0)},
                       {"siteId", identity_.id}}),
                 false, now - age + expiry_});
  }
}

std::optional<MqttCommand> MqttBridge::take_hermes(std::string_view topic, std::string_view payload) const {
  const json message = json::parse(payload, nullptr, false);
  if (!message.is_object()) {
    fail(topic, payload, "a JSON object");
  }
  if (text_of(message, "siteId") != identity_.id) {
    return std::nullopt;  // another daemon's
  }
  return MqttCommand{.kind =
                         topic.ends_with("toggleOn") ? MqttCommand::Kind::listen : MqttCommand::Kind::mute};
}

std::optional<MqttCommand> MqttBridge::take_message(std::string_view topic, std::string_view payload,
                                                    double now) {
  if (payload.empty()) {
    return std::nullopt;  // a retained command was cleared
  }
  if (payload.size() > most_payload_bytes) {
    fail(topic, payload, "at most 1024 bytes");
  }
  if (!identity_.discovery_prefix.empty() && topic == identity_.discovery_prefix + "/status") {
    if (payload == "online") {
      republish_at_ = now + random_.uniform(0, spread_);
    }
    return std::nullopt;
  }
  if (identity_.hermes && topic.starts_with("hermes/hotword/toggle")) {
    return take_hermes(topic, payload);
  }
  std::optional<std::string_view> leaf = after(topic, identity_.topic(""));
  for (const std::string& group : identity_.groups) {
    leaf = leaf ? leaf : after(topic, identity_.of(group, ""));
  }
  if (leaf == "listen/set") {
    if (payload != "ON" && payload != "OFF") {
      fail(topic, payload, "ON or OFF");
    }
    return MqttCommand{.kind = payload == "ON" ? MqttCommand::Kind::listen : MqttCommand::Kind::mute};
  }
  if (leaf && leaf->starts_with("threshold/") && leaf->ends_with("/set") && leaf->size() > 14) {
    const std::string word = word_of_level(leaf->substr(10, leaf->size() - 14));
    const std::optional<double> value = parse_threshold_payload(payload);
    if (!value) {
      fail(topic, payload, "a number from 0 to 1");
    }
    if (!is_label(word)) {
      fail(topic, word, "a keyword");
    }
    return MqttCommand{.kind = MqttCommand::Kind::threshold, .word = word, .threshold = *value};
  }
  if (leaf == "models/set") {
    std::vector<std::string> names = parse_models_payload(payload);
    if (names.empty()) {
      fail(topic, payload, "names of 1 to 16 models, separated by commas");
    }
    return MqttCommand{.kind = MqttCommand::Kind::models, .models = std::move(names)};
  }
  return std::nullopt;
}

void MqttBridge::tick(double now, Outbox& outbox) {
  if (now >= republish_at_) {
    publish_states(outbox);
  }
}

}  // namespace kwsd
