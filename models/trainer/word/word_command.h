// `kwsd-train word`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

namespace kwsd::train {

void add_word_command(CLI::App& app);

}  // namespace kwsd::train
