#include "app/base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <mutex>

namespace kwsd {

namespace {

constexpr int patience_ms = 100;

/// Writes to a descriptor of its own, so that app/audio/quiet_stderr.h may redirect the standard one.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LogSink() : descriptor_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {}
  ~LogSink() override { close(descriptor_); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // A message is written whole or not at all, and no thread waits for long: if stderr is full or closed,
    // there is no place to report that.
    pollfd reader{descriptor_, POLLOUT, 0};
    if (poll(&reader, 1, patience_ms) > 0) {
      [[maybe_unused]] const ssize_t written = write(descriptor_, line.data(), line.size());
    }
  }
  void flush_() override {}

  int descriptor_;
};

}  // namespace

void set_up_log(const std::string& level) {
  if (const auto present = spdlog::default_logger(); present->name() == "kwsd") {
    present->set_level(spdlog::level::from_str(level));
    return;
  }
  auto logger = std::make_shared<spdlog::logger>("kwsd", std::make_shared<LogSink>());
  logger->set_pattern("%n: %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->set_error_handler([](const std::string&) {});
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace kwsd
