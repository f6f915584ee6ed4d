// Who answers what the clients of a socket ask for. Thread: the socket's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/events/events.h"

namespace kwsd {

/// The process at the other end of a Unix socket, as the kernel knows it (SO_PEERCRED); -1: unknown.
struct Peer {
  std::int64_t pid = -1;
  std::int64_t uid = -1;
};

struct Answer {
  std::string line;         ///< with its line break
  bool subscribes = false;  ///< the client gets events from here on
};

/// {"error":text,"code":code} and a line break: a request that is refused. `code`: the exit status that
/// describes why (Error::exit_code).
[[nodiscard]] std::string refusal_line(const std::string& text, int code);

class RequestHandler {
 public:
  RequestHandler() = default;
  virtual ~RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  /// `request`: one line of a client without its line break, any bytes.
  [[nodiscard]] virtual Answer answer(std::string_view request, const Peer& peer) noexcept = 0;
  /// Each event, before the clients have it.
  virtual void on_event(const Event& event) noexcept = 0;
};

}  // namespace kwsd
