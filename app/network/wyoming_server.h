// kwsd wyoming: a wake-word server for Home Assistant and for satellites. Thread: all on the one that calls
// run.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/settings/options.h"

namespace kwsd {

struct WyomingOptions {
  std::vector<std::string> uris{
      "tcp://127.0.0.1:10400"};  ///< ignored where the service manager passes sockets
  RecognitionOptions recognition;
  std::string language = "en";
  int most_connections = 1000;
  double idle_seconds = 3600;  ///< a connection without a byte for so long is closed
};

/// Serves until SIGINT or SIGTERM. Throws Error for whatever is wrong before the first connection.
void run_wyoming_server(const WyomingOptions& options);

}  // namespace kwsd
