// A message for the broker. Thread: any, pure.
#pragma once

#include <limits>
#include <string>

namespace kwsd {

struct MqttMessage {
  std::string topic, payload;
  bool retain = false;                                       ///< a state: the newest for each topic counts
  double expires = std::numeric_limits<double>::infinity();  ///< steady seconds; not delivered afterwards
};

}  // namespace kwsd
