// `kwsd-train export-second`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_export_second_command(CLI::App& app);
void add_export_vectors_command(CLI::App& app);

}  // namespace kwsd::train
