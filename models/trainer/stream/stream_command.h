// `kwsd-train train-streams`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_train_streams_command(CLI::App& app);

}  // namespace kwsd::train
