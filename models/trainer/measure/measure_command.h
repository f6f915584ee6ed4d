// `kwsd-train measure`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_measure_command(CLI::App& app);

}  // namespace kwsd::train
