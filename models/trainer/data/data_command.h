// `kwsd-train data`: the content of a data set, the speed of making batches, the sound of augmented windows.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_data_command(CLI::App& app);

}  // namespace kwsd::train
