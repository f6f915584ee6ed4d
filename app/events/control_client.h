// A client of the control socket (kwsd(1), CONTROL): requests with their answers, and a subscription to
// events that survives restarts of kwsd. Thread: one.
//
//   ControlClient client(default_control_path());
//   client.request(R"({"command":"mute"})");            // {"ok":true}
//   if (const auto event = client.next_event(1s)) ...   // {"event":"detection",...}
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "app/base/descriptor.h"

namespace kwsd {

/// $XDG_RUNTIME_DIR/kwsd/control if it exists, otherwise /run/kwsd/control.
[[nodiscard]] std::string default_control_path();

class ControlClient {
 public:
  static constexpr std::chrono::milliseconds answer_timeout{10'000};
  static constexpr std::chrono::milliseconds first_pause{100}, longest_pause{5'000};  ///< between connects
  static constexpr std::size_t most_line_bytes = 1 << 20;  ///< from kwsd; a longer line ends the connection
  static constexpr std::size_t most_waiting_events =
      1024;  ///< further ones are dropped while an answer is pending

  /// Does not connect yet. Throws Error (usage) for a path that is too long.
  explicit ControlClient(std::string path);

  /// Connects if not connected. Throws Error (unavailable): no kwsd listens there.
  void connect();
  [[nodiscard]] bool connected() const noexcept { return socket_.get() >= 0; }
  /// For poll, once next_event has returned nothing; -1 while not connected.
  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

  /// Sends one JSON object without line break, connecting first if necessary. Returns the answer's line,
  /// which has "ok" or "error". Events that arrive meanwhile are kept. Throws Error (unavailable): no kwsd
  /// listens there, kwsd closed the connection, or no answer arrived in time; the connection is then closed.
  std::string request(std::string_view line, std::chrono::milliseconds timeout = answer_timeout);

  /// Connects and subscribes now. Throws Error (unavailable).
  void subscribe();
  /// The next event's line, without line break; connects and subscribes whenever necessary. Nothing if none
  /// arrived within `timeout`, also while kwsd is not running (connected() is then false): pauses between
  /// attempts to connect grow. The first line after each connect is `ready`.
  [[nodiscard]] std::optional<std::string> next_event(std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;

  void hang_up() noexcept;
  void send_line(std::string_view line, Clock::time_point until);
  [[nodiscard]] std::optional<std::string> read_line(Clock::time_point until);
  [[nodiscard]] std::optional<std::string> take_line();
  [[nodiscard]] std::string answer(Clock::time_point until);
  [[nodiscard]] bool restore(Clock::time_point until);

  const std::string path_;
  Descriptor socket_;
  std::string received_;            // the beginning of a line, or several
  std::deque<std::string> events_;  // that arrived while an answer was pending
  bool subscribed_ = false;
  std::chrono::milliseconds pause_{0};
  Clock::time_point connect_after_{};
};

}  // namespace kwsd
