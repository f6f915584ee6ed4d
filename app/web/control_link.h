// The control socket of a running kwsd, without waiting: requests with their answers, and all events.
// Connects again whenever kwsd is back. Thread: that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <string>

namespace kwsd {

class ControlLink {
 public:
  /// A line of kwsd's, without line break.
  using OnLine = std::function<void(const std::string& line)>;

  static constexpr double answer_seconds = 5, retry_seconds = 1;
  static constexpr std::size_t most_line_bytes = 1U << 20U, most_pending = 64;

  /// `on_event` receives the events, `on_connection` each change of connected(). Throws Error (usage) for a
  /// path that is too long.
  ControlLink(boost::asio::io_context& context, const std::string& path, OnLine on_event,
              std::function<void()> on_connection);

  /// Connects and subscribes, now and whenever kwsd is back.
  void start();
  [[nodiscard]] bool connected() const noexcept { return connected_; }
  /// Sends one JSON object. `on_answer` is called once: with the answer, or with an error of the same form if
  /// kwsd does not answer within answer_seconds.
  void ask(const std::string& request, OnLine on_answer);

 private:
  struct Pending {
    OnLine on_answer;
    double until;
  };

  void connect();
  void read();
  void take(std::string line);
  void write();
  void lose();
  void tick();

  boost::asio::local::stream_protocol::endpoint endpoint_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::steady_timer timer_;
  OnLine on_event_;
  std::function<void()> on_connection_;
  std::deque<Pending> pending_;
  std::string received_, sending_, waiting_;
  bool connected_ = false;
};

}  // namespace kwsd
