// One connection of a browser. Bounded in size, rate of requests and time, whatever the other end does.
// Thread: that of the io_context.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>

#include "app/web/gate.h"
#include "app/web/web_api.h"

namespace kwsd {

using BrowserSocket = boost::asio::generic::stream_protocol::socket;

/// Serves requests on `socket` until the browser leaves. `gate` and `clients`, which counts the open
/// connections, outlive it.
void serve_web_client(BrowserSocket socket, const Gate& gate, const std::shared_ptr<WebApi>& api,
                      int& clients);

}  // namespace kwsd
