// The commands that make and judge networks. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_train_command(CLI::App& app);   ///< kwsd-train train
void add_export_command(CLI::App& app);  ///< kwsd-train export
void add_test_command(CLI::App& app);    ///< kwsd-train test
void add_golden_command(CLI::App& app);  ///< kwsd-train golden

}  // namespace kwsd::train
