// Settings of a command as they are now: at start, and again at each reload. Thread: main.
#pragma once

#include "app/settings/settings.h"

namespace kwsd {

/// What the flags of `command` say, completed from environment and configuration files as they are now. `add`
/// adds the settings that the command has. Throws Error (config).
[[nodiscard]] RunOptions read_settings(const CLI::App& command, void (*add)(CLI::App&, RunOptions&));

}  // namespace kwsd
