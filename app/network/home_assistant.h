// Home Assistant's MQTT discovery: the document that makes a kwsd a device with an event entity, a trigger
// and a threshold for each keyword, a switch for listening, and a sensor for a missing microphone. Thread:
// any, pure.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "app/network/mqtt_topics.h"

namespace kwsd {

struct MqttKeyword {
  std::string word;
  double threshold = 0;  ///< [0, 1]
  bool operator==(const MqttKeyword&) const = default;
};

/// "homeassistant/device/kwsd_kitchen/config".
[[nodiscard]] std::string discovery_topic(const MqttIdentity& identity);

struct Discovered {
  std::span<const MqttKeyword> keywords;
  std::span<const std::string> gone;  ///< keywords of an earlier document, whose entities are removed
  bool commands = false;              ///< kwsd accepts commands: a switch and the thresholds
};
[[nodiscard]] nlohmann::json discovery_document(const MqttIdentity& identity, const Discovered& discovered);

}  // namespace kwsd
