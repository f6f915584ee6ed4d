// Sockets to listen on: from the service manager, tcp://HOST:PORT, unix://PATH. Thread: set-up.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <string>
#include <variant>
#include <vector>

namespace kwsd {

using Acceptor = std::variant<boost::asio::ip::tcp::acceptor, boost::asio::local::stream_protocol::acceptor>;

/// The sockets that the service manager passed (sd_listen_fds(3)); empty: none. Throws Error (usage) for a
/// descriptor that is not a listening stream socket.
[[nodiscard]] std::vector<Acceptor> inherited_listeners(boost::asio::io_context& context);

/// Binds `uri` and listens. A Unix socket gets mode 0660; a socket left by a program is replaced. Throws
/// Error (usage) for an address of another form, Error (unavailable) if the address cannot be bound.
[[nodiscard]] Acceptor listen_on(boost::asio::io_context& context, const std::string& uri);

}  // namespace kwsd
