// `kwsd-train train-streams`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_train_streams_command(CLI::App& app);
void add_train_second_command(CLI::App& app);  ///< kwsd-train train-second

}  // namespace kwsd::train
