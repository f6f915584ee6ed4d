// kwsd web: a page in the browser, for a running kwsd and for words of one's own. The server has a network
// and no microphone; programs that record, enroll or train are children without a network. Thread: all on the
// thread that calls run.
#pragma once

#include "app/web/web_options.h"

namespace kwsd {

/// Serves until SIGINT or SIGTERM; prints the address with the login token. Throws Error for any error before
/// the first connection: usage for an address that other machines reach, unless options.remote.
void run_web_server(const WebOptions& options);

}  // namespace kwsd
