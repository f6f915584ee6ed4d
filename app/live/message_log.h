// Where the log goes while the screen is drawn on: a line of the screen, and standard error once the screen
// is gone. Thread: made and ended before and after all other threads; messages come from any.
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
  ~MessageLog();  ///< the log is as it was, and gets what was held
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
