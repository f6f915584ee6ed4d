// kwsd mqtt: detections to a broker, commands back. Opens no microphone: reads kwsd's event socket. Thread:
// all on the one that calls run.
#pragma once

#include <string>

#include "app/network/mqtt_client.h"

namespace kwsd {

struct MqttOptions {
  MqttClientOptions client;
  std::string events = "/run/kwsd/events";    ///< of kwsd
  std::string control = "/run/kwsd/control";  ///< of kwsd; empty: commands are ignored
};

/// Runs until SIGINT or SIGTERM. Throws Error for whatever is wrong at the start; a broker or a kwsd that is
/// away is waited for.
void run_mqtt_service(const MqttOptions& options);

}  // namespace kwsd
