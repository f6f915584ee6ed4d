#include "app/log.h"

#include <spdlog/sinks/stdout_sinks.h>

namespace kwsd {

void set_up_log(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("kwsd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%n: %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->set_error_handler([](const std::string&) {});  // stderr is gone: nowhere left to say so
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace kwsd
