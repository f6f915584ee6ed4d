// Sockets to listen on: from the service manager, tcp://HOST:PORT, unix://PATH. Thread: set-up.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
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

template <class Listening, class Take>
void accept_each(Listening& listening, Take take) {
  listening.async_accept([&listening, take](boost::system::error_code error, auto socket) {
    if (error == boost::asio::error::operation_aborted) {
      return;
    }
    if (error) {
      const auto pause = std::make_shared<boost::asio::steady_timer>(listening.get_executor(),
                                                                     std::chrono::milliseconds(100));
      pause->async_wait(
          [&listening, take, pause](boost::system::error_code) { accept_each(listening, take); });
      return;
    }
    take(std::move(socket));
    accept_each(listening, take);
  });
}

/// Hands each connection to `take(socket)` for as long as the context runs. After an error, for instance
/// where no descriptor is free, the next attempt is 100 ms later. `acceptor` and what `take` refers to
/// outlive that time.
template <class Take>
void accept_each(Acceptor& acceptor, Take take) {
  std::visit([&take](auto& listening) { accept_each(listening, take); }, acceptor);
}

}  // namespace kwsd
