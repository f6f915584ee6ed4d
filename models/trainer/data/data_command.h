// `kwsd-train data`: what a data set holds, how fast batches are made, what augmented windows sound like.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_data_command(CLI::App& app);

}  // namespace kwsd::train
