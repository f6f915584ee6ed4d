#include "app/network/home_assistant.h"

#include <array>
#include <cstdio>

#include "app/base/version.h"

namespace kwsd {

namespace {

using nlohmann::json;

/// A word as part of a key: characters other than letters, digits and '_' become -XX.
std::string key_of(const std::string& word) {
  std::string key;
  for (const char c : word) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_') {
      key += c;
    } else {
      std::array<char, 4> code{};
      std::snprintf(code.data(), code.size(), "-%02x", static_cast<unsigned char>(c));
      key += code.data();
    }
  }
  return key;
}

json trigger(const MqttIdentity& identity, const std::string& word) {
  return {{"platform", "device_automation"},
          {"automation_type", "trigger"},
          {"topic", identity.topic("detection")},
          {"value_template", "{{ value_json.event_type }}"},
          {"payload", word},
          {"type", "spoken"},
          {"subtype", word}};
}

json threshold(const MqttIdentity& identity, const std::string& word) {
  const std::string topic = identity.topic("threshold/" + topic_level(word));
  return {{"platform", "number"},
          {"name", "Threshold of " + word},
          {"state_topic", topic},
          {"command_topic", topic + "/set"},
          {"retain", true},  // the broker keeps the set value, also for a restarted kwsd
          {"min", 0},
          {"max", 1},
          {"step", 0.01},
          {"mode", "slider"},
          {"entity_category", "config"},
          {"icon", "mdi:tune-vertical"}};
}

json listen_switch(const MqttIdentity& identity) {
  return {{"platform", "switch"},
          {"name", "Listen"},
          {"state_topic", identity.topic("listen")},
          {"command_topic", identity.topic("listen/set")},
          {"payload_on", "ON"},
          {"payload_off", "OFF"},
          {"icon", "mdi:microphone"}};
}

}  // namespace

std::string discovery_topic(const MqttIdentity& identity) {
  return identity.discovery_prefix + "/device/kwsd_" + identity.id + "/config";
}

json discovery_document(const MqttIdentity& identity, const Discovered& discovered) {
  const std::string unique = "kwsd_" + identity.id;
  json components;
  const auto add = [&](const std::string& key, json component) {
    component["unique_id"] = unique + "_" + key;
    components[key] = std::move(component);
  };
  json words = json::array();
  const auto remove = [&](const std::string& key, const char* platform) {
    components[key] = {{"platform", platform}};  // an entry with only its platform removes the entity
  };
  for (const MqttKeyword& keyword : discovered.keywords) {
    words.push_back(keyword.word);
    components["spoken_" + key_of(keyword.word)] = trigger(identity, keyword.word);
    if (discovered.commands) {
      add("threshold_" + key_of(keyword.word), threshold(identity, keyword.word));
    } else {
      remove("threshold_" + key_of(keyword.word), "number");
    }
  }
  for (const std::string& word : discovered.gone) {
    remove("spoken_" + key_of(word), "device_automation");
    remove("threshold_" + key_of(word), "number");
  }
  if (!words.empty()) {
    add("keyword", {{"platform", "event"},
                    {"name", "Keyword"},
                    {"state_topic", identity.topic("detection")},
                    {"event_types", words},
                    {"icon", "mdi:account-voice"}});
  }
  if (discovered.commands) {
    add("listen", listen_switch(identity));
  } else {
    remove("listen", "switch");
  }
  add("microphone", {{"platform", "binary_sensor"},
                     {"name", "Microphone"},
                     {"state_topic", identity.topic("problem")},
                     {"payload_on", "ON"},
                     {"payload_off", "OFF"},
                     {"device_class", "problem"},
                     {"entity_category", "diagnostic"}});
  return {{"device",
           {{"identifiers", {unique}},
            {"name", identity.name},
            {"manufacturer", "kwsd"},
            {"model", "Keyword-spotting daemon"},
            {"sw_version", version()}}},
          {"origin", {{"name", "kwsd"}, {"sw_version", version()}}},
          {"availability_topic", identity.topic("availability")},
          {"payload_available", "online"},
          {"payload_not_available", "offline"},
          {"qos", 1},
          {"components", std::move(components)}};
}

}  // namespace kwsd
