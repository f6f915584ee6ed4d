#include "app/live/message_log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>
#include <vector>

namespace kwsd {

namespace {

constexpr std::size_t most_held = 200;

}  // namespace

class MessageLog::Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string take_warning() {
    const std::lock_guard lock(mutex_);
    return std::exchange(warning_, {});
  }
  /// Messages in their order; excess messages are missing.
  std::vector<std::pair<spdlog::level::level_enum, std::string>> take_all() {
    const std::lock_guard lock(mutex_);
    return std::move(held_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string text(message.payload.data(), message.payload.size());
    if (held_.size() < most_held) {
      held_.emplace_back(message.level, text);
    }
    if (message.level >= spdlog::level::warn) {
      warning_ = text;
    }
  }
  void flush_() override {}

  std::string warning_;
  std::vector<std::pair<spdlog::level::level_enum, std::string>> held_;
};

MessageLog::MessageLog() = default;

MessageLog::~MessageLog() {
  if (sink_) {
    spdlog::set_default_logger(before_);
    for (const auto& [level, text] : sink_->take_all()) {
      spdlog::log(level, "{}", text);
    }
  }
}

void MessageLog::hold() {
  before_ = spdlog::default_logger();
  sink_ = std::make_shared<Sink>();
  auto logger = std::make_shared<spdlog::logger>("kwsd", sink_);
  logger->set_level(before_->level());
  spdlog::set_default_logger(std::move(logger));
}

std::string MessageLog::take_warning() {
  return sink_ ? sink_->take_warning() : std::string();
}

}  // namespace kwsd
