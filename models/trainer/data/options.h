// The command-line options that every command with recordings shares. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

#include "models/trainer/data/batcher.h"
#include "models/trainer/data/dataset.h"

namespace kwsd::train {

/// A number from low to high; CLI::Range lets NaN through.
[[nodiscard]] CLI::Validator between(double low, double high);

/// --data --own-word --keywords --speech --noise --cache --everything-trains ...
void add_data_options(CLI::App& app, DataOptions& options);
/// --speed --gain --snr --room ... and the shares of the labels. --no-augment turns all of it off.
void add_augment_options(CLI::App& app, AugmentOptions& augment, MixOptions& mix);

}  // namespace kwsd::train
