// A command for each detection (--exec), with the event as a line of JSON on its standard input. It never
// makes listening wait, except in a file run, which loses nothing: excess detections are dropped, counted and
// logged.
//
//   EventQueue --copy_to--> inbox --> thread: sh -c COMMAND, at most CommandLimits::most_running at a time
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "app/events/event_queue.h"
#include "app/events/event_sink.h"

namespace kwsd {

struct CommandLimits {
  std::size_t most_running = 8, most_waiting = 64;
  std::chrono::seconds longest_run{60};  ///< then the command and its children are killed
};

class CommandRunner {
 public:
  static constexpr std::chrono::milliseconds farewell{500};

  /// `when_full`: what happens when most_waiting detections wait for a command to end.
  CommandRunner(std::string command, bool wall_clock, EventQueue::WhenFull when_full,
                const CommandLimits& limits = {});
  /// Closes the inbox. If `when_full` is wait, starts all waiting commands and waits for their end; otherwise
  /// waits only for `farewell`.
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  /// Events posted here are processed.
  [[nodiscard]] EventQueue& inbox() noexcept { return inbox_; }
  /// Detections without a command, because too many waited. Any thread.
  [[nodiscard]] std::int64_t dropped() const noexcept { return dropped_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Child {
    pid_t pid;
    Clock::time_point until;
  };

  void work() noexcept;
  void take(const Event& event);
  void start_waiting();
  void start(const std::string& line);
  void reap();

  const std::string command_;
  const EventFormat format_;
  const EventQueue::WhenFull when_full_;
  const CommandLimits limits_;
  EventQueue inbox_;
  std::deque<std::string> waiting_;  // events as lines
  std::vector<Child> running_;
  bool dropping_ = false;  // the last one was dropped
  std::atomic<std::int64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace kwsd
