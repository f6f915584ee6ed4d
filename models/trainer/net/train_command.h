// The commands that make and judge networks. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "models/trainer/data/dataset.h"
#include "models/trainer/net/network.h"

namespace kwsd::train {

void add_train_command(CLI::App& app);     ///< kwsd-train train
void add_export_command(CLI::App& app);    ///< kwsd-train export
void add_test_command(CLI::App& app);      ///< kwsd-train test
void add_golden_command(CLI::App& app);    ///< kwsd-train golden
void add_describe_command(CLI::App& app);  ///< kwsd-train describe

struct ExportOptions {
  std::filesystem::path checkpoint, out;
  std::filesystem::path thresholds;  ///< model file to take the thresholds from, or empty
  std::filesystem::path weights;     ///< small checkpoint to write as well, or empty
  std::string name;                  ///< of the model
};
/// The model file of a checkpoint, checked with the daemon's network on clips of `dataset`, whose labels are
/// the checkpoint's. Throws Error: internal if the rounding costs more than allowed.
void export_checkpoint(const Dataset& dataset, const ExportOptions& options);

/// --memory-size --blocks --convs ...; sets the defaults, too.
void add_net_options(CLI::App& command, NetOptions& net);
/// Throws Error (usage): no such network exists.
void require_possible(const NetOptions& net);
/// The given options, as JSON text: stored in a checkpoint as its recipe.
[[nodiscard]] std::string options_given(const CLI::App& command);

}  // namespace kwsd::train
