// kwsd mqtt: sends detections to a broker, receives commands. Opens no microphone: reads kwsd's event socket.
// Thread: all on the thread that calls run.
#pragma once

#include <string>

#include "app/network/mqtt_client.h"

namespace kwsd {

struct MqttOptions {
  MqttClientOptions client;
  std::string events = "/run/kwsd/events";    ///< of kwsd
  std::string control = "/run/kwsd/control";  ///< of kwsd; empty: commands are ignored
};

/// Runs until SIGINT or SIGTERM. Throws Error for any error at the start; waits for a broker or a kwsd that
/// is not running.
void run_mqtt_service(const MqttOptions& options);

}  // namespace kwsd
