// The lines of kwsd's event socket, as they arrive; kwsd may stop and restart. Thread: one, which polls.
#pragma once

#include <string>
#include <string_view>

#include "app/base/descriptor.h"

namespace kwsd {

class EventFeed {
 public:
  static constexpr std::size_t most_line_bytes = 65536;
  static constexpr double retry_seconds = 1;

  /// The path of a Unix stream socket.
  explicit EventFeed(std::string path) : path_(std::move(path)) {}

  /// -1: not connected.
  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
  [[nodiscard]] bool connected() const noexcept { return socket_.get() >= 0; }
  /// Connects if not connected, at most once a second. reason() explains a failure.
  void connect(double now);
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  /// Calls on_line(std::string_view) for each complete line; reads at most 64 KiB at a time. False: kwsd
  /// closed the connection, or a line is longer than most_line_bytes without its line break; the feed is then
  /// no longer connected.
  template <class OnLine>
  [[nodiscard]] bool read(OnLine&& on_line) {
    const bool open = read_some();
    std::size_t from = 0;
    for (std::size_t end = 0; (end = bytes_.find('\n', from)) - from <= most_line_bytes; from = end + 1) {
      on_line(std::string_view(bytes_).substr(from, end - from));
    }
    bytes_.erase(0, from);
    if (!open || bytes_.size() > most_line_bytes) {
      hang_up();
      return false;
    }
    return true;
  }

 private:
  [[nodiscard]] bool read_some();
  void hang_up();

  std::string path_, reason_, bytes_;
  Descriptor socket_;
  double next_try_ = 0;
};

}  // namespace kwsd
