// The commands that make and judge networks. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "models/trainer/net/network.h"

namespace kwsd::train {

void add_train_command(CLI::App& app);     ///< kwsd-train train
void add_export_command(CLI::App& app);    ///< kwsd-train export
void add_test_command(CLI::App& app);      ///< kwsd-train test
void add_golden_command(CLI::App& app);    ///< kwsd-train golden
void add_describe_command(CLI::App& app);  ///< kwsd-train describe

/// --memory-size --blocks --convs ...; sets the defaults, too.
void add_net_options(CLI::App& command, NetOptions& net);
/// Throws Error (usage): there is no such network.
void require_possible(const NetOptions& net);
/// The options that were given, as JSON text: what a checkpoint keeps as its recipe.
[[nodiscard]] std::string options_given(const CLI::App& command);

}  // namespace kwsd::train
