// The destination of the log while the screen is drawn: a line of the screen, and standard error once the
// screen is closed. Thread: created before and destroyed after all other threads; messages come from any.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace kwsd {

class MessageLog {
 public:
  MessageLog();
  ~MessageLog();  ///< restores the log, which gets the held messages
  MessageLog(const MessageLog&) = delete;
  MessageLog& operator=(const MessageLog&) = delete;

  /// From here on messages are held.
  void hold();
  /// The newest warning or error since the last call; empty: none. Thread: any.
  [[nodiscard]] std::string take_warning();

 private:
  class Sink;
  std::shared_ptr<spdlog::logger> before_;
  std::shared_ptr<Sink> sink_;
};

}  // namespace kwsd
