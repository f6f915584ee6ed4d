// Answers the requests of a socket's clients. Thread: the socket's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/events/events.h"

namespace kwsd {

/// The process at the other end of a Unix socket, as the kernel reports it (SO_PEERCRED); -1: unknown.
struct Peer {
  std::int64_t pid = -1;
  std::int64_t uid = -1;
};

struct Answer {
  std::string line;         ///< with its line break
  bool subscribes = false;  ///< the client gets events from here on
};

/// {"error":text,"code":code} and a line break: the answer to a rejected request. `code`: the exit status
/// that describes the reason (Error::exit_code).
[[nodiscard]] std::string refusal_line(const std::string& text, int code);

class RequestHandler {
 public:
  RequestHandler() = default;
  virtual ~RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  /// `request`: one line from a client without its line break, any bytes.
  [[nodiscard]] virtual Answer answer(std::string_view request, const Peer& peer) noexcept = 0;
  /// Called with each event, before the clients get it.
  virtual void on_event(const Event& event) noexcept = 0;
};

}  // namespace kwsd
