// The flag of the control socket. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace kwsd {

/// Adds --control to `command`; the value goes to `path`, which outlives `command`.
inline void add_control_flag(CLI::App& command, std::string& path) {
  command
      .add_option("--control", path,
                  "The control socket. Default: $XDG_RUNTIME_DIR/kwsd/control if it exists, otherwise "
                  "/run/kwsd/control.")
      ->type_name("PATH");
}

}  // namespace kwsd
