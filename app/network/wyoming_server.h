// kwsd wyoming: a wake-word server for Home Assistant and for satellites. Thread: all on the thread that
// calls run, except recognition.
#pragma once

#include <string>

#include "app/network/server_options.h"

namespace kwsd {

struct WyomingOptions {
  ServerOptions server;
  std::string language = "en";
};

/// Serves until SIGINT or SIGTERM. Throws Error for any error before the first connection.
void run_wyoming_server(const WyomingOptions& options);

}  // namespace kwsd
