// kwsd ws: keywords for cameras, browsers and apps over WebSocket, in the form of vosk-server. Thread: all on
// the one that calls run.
#pragma once

#include "app/network/server_options.h"

namespace kwsd {

/// Serves until SIGINT or SIGTERM. Throws Error for whatever is wrong before the first connection.
void run_ws_server(const ServerOptions& options);

}  // namespace kwsd
