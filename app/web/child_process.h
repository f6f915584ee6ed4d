// A program that records, enrolls or trains for the page: it has no network, and its lines are shown. Thread:
// that of the io_context.
#pragma once

#include <sys/types.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kwsd {

class ChildProcess : public std::enable_shared_from_this<ChildProcess> {
 public:
  static constexpr std::size_t most_line_bytes = 500;
  static constexpr double patience_seconds = 5;  ///< from stop() until the child is killed

  enum class Priority : std::uint8_t { normal, low };
  using OnLine = std::function<void(const std::string& line)>;
  /// `code`: the exit status; 128 and the signal if a signal ended the child.
  using OnEnd = std::function<void(int code)>;

  ChildProcess(boost::asio::io_context& context, OnLine on_line, OnEnd on_end);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Starts the program, found as execvp does, in a process group of its own. Its sockets are local ones: a
  /// filter (seccomp) denies the others, also to what it starts. Throws Error (unavailable).
  void start(const std::vector<std::string>& command, Priority priority);
  /// Ends the program and what it started: SIGTERM, later SIGKILL.
  void stop();

 private:
  void read();
  void take(std::size_t bytes);
  void wait();
  void finish();

  boost::asio::posix::stream_descriptor output_, exit_;
  boost::asio::steady_timer killer_;
  OnLine on_line_;
  OnEnd on_end_;
  std::array<char, 4096> bytes_{};
  std::string line_;
  pid_t child_ = -1;
};

}  // namespace kwsd
