// The commands that make and judge networks. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

#include "models/trainer/net/network.h"

namespace kwsd::train {

void add_train_command(CLI::App& app);     ///< kwsd-train train
void add_export_command(CLI::App& app);    ///< kwsd-train export
void add_test_command(CLI::App& app);      ///< kwsd-train test
void add_golden_command(CLI::App& app);    ///< kwsd-train golden
void add_describe_command(CLI::App& app);  ///< kwsd-train describe

/// The options that say what network it is, with the defaults of `kwsd-train train`.
void add_net_options(CLI::App& command, NetOptions& options);
/// Throws Error (usage): there is no such network.
void require_possible(const NetOptions& options);

}  // namespace kwsd::train
