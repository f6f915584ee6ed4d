// kwsd ws: keywords for cameras, browsers and apps over WebSocket, in vosk-server's protocol. Thread: all on
// the thread that calls run, except recognition.
#pragma once

#include "app/network/server_options.h"

namespace kwsd {

/// Serves until SIGINT or SIGTERM. Throws Error for any error before the first connection.
void run_ws_server(const ServerOptions& options);

}  // namespace kwsd
