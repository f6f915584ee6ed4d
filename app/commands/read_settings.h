// The current settings of a command: read at start, and again at each reload. Thread: main.
#pragma once

#include "app/settings/settings.h"

namespace kwsd {

/// The values of the flags of `command`, completed from the current environment and configuration files.
/// `add` adds the settings that the command has. Throws Error (config).
[[nodiscard]] RunOptions read_settings(const CLI::App& command, void (*add)(CLI::App&, RunOptions&));

}  // namespace kwsd
