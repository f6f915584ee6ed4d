// Reads the head of an HTTP request: the request line and the header fields. Thread: that of the socket.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <string>
#include <utility>

namespace kwsd {

/// At most 8192 bytes, to the byte: Beast's own limits depend on how the bytes arrive.
struct HttpHead {
  static constexpr std::size_t most_bytes = 8192;

  std::string bytes;  ///< received so far
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser;

  HttpHead() {
    parser.header_limit(2 * most_bytes);
    parser.body_limit(0);
  }
  [[nodiscard]] const auto& request() const { return parser.get(); }
};

/// Calls on_head(error_code, std::size_t bytes_behind_the_head). `head` must stay valid until then.
template <class Socket, class OnHead>
void async_read_http_head(Socket& socket, HttpHead& head, OnHead&& on_head) {
  boost::asio::async_read_until(
      socket, boost::asio::dynamic_buffer(head.bytes, HttpHead::most_bytes), "\r\n\r\n",
      [&head, on_head = std::forward<OnHead>(on_head)](boost::system::error_code error, std::size_t size) {
        if (!error) {
          head.parser.put(boost::asio::buffer(head.bytes.data(), size), error);
        }
        on_head(error, head.bytes.size() - size);
      });
}

}  // namespace kwsd
