// One connection of a SocketServer: lines that wait to be sent, dropped events, and the beginning of a
// request. Bounded, whatever the program at the other end does. Thread: the server's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/base/descriptor.h"
#include "app/events/event_sink.h"
#include "app/events/request_handler.h"

namespace kwsd {

class SocketClient {
 public:
  static constexpr std::size_t most_pending_bytes = 1 << 16;  ///< events; in addition to the kernel's buffer
  static constexpr std::size_t most_request_bytes = 4096;     ///< without the line break

  /// `asks`: the client may send requests; otherwise the kernel rejects its data, and it is subscribed.
  SocketClient(Descriptor descriptor, bool asks);

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
  [[nodiscard]] bool subscribed() const noexcept { return subscribed_; }
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  [[nodiscard]] bool pending() const noexcept { return !pending_.empty(); }
  /// The events to poll for.
  [[nodiscard]] short wanted() const noexcept;
  /// The events that poll returned.
  void note(short events) noexcept;

  /// Sends it events from here on, after the lines of `greeting`.
  void subscribe(std::string_view greeting);
  /// An event's line; dropped and counted if it does not fit, and until all waiting lines are read: lines
  /// never overtake the report of dropped events.
  void offer(std::string_view line);
  void count_dropped(std::int64_t events) noexcept { dropped_ += subscribed_ ? events : 0; }
  /// Sends as much as the kernel accepts now.
  void flush(const EventFormat& format);

  /// Receives at most 4096 bytes at a time, and nothing while a request or an answer is pending.
  void receive();
  /// The next request without its line break, once the last answer is sent. A line that is too long gets an
  /// error as its answer, and the connection ends.
  [[nodiscard]] std::optional<std::string> next_request();
  void answer(std::string_view line) { pending_ += line; }

 private:
  Descriptor descriptor_;
  Peer peer_;
  std::string pending_;       // lines, the first perhaps in part
  std::string received_;      // perhaps a request and the beginning of the next
  std::int64_t dropped_ = 0;  // events since the last report
  bool asks_, subscribed_;
  bool readable_ = false;  // reported by poll
  bool finished_ = false;  // it sends no more data
  bool ends_ = false;      // once all waiting lines are sent
  bool gone_ = false;
};

}  // namespace kwsd
