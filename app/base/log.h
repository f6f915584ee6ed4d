// The log: one line per message on stderr, "kwsd: level: message". Thread: any but the capture callback
// and the inference thread, which count instead.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace kwsd {

/// Sets up spdlog's default logger; later calls set only its level. `level`: debug, info, warning, error or
/// off.
void set_up_log(const std::string& level);

}  // namespace kwsd
