// The flags of the servers. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "app/network/server_options.h"
#include "app/settings/options.h"

namespace kwsd {

/// Adds the flags that all servers share; values go to `server` and `settings`, which outlive `command`.
void add_server_flags(CLI::App& command, ServerOptions& server, RunOptions& settings);
/// Completes them from environment and files, and sets up the log. Throws Error (config).
void load_server_options(CLI::App& command, ServerOptions& server, const RunOptions& settings);

}  // namespace kwsd
