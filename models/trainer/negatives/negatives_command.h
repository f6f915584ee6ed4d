// `kwsd-train negatives`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_negatives_command(CLI::App& app);

}  // namespace kwsd::train
