// The command-line options that every command with recordings shares. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>

#include "models/trainer/data/batcher.h"
#include "models/trainer/data/dataset.h"

namespace kwsd::train {

/// A number from low to high; unlike CLI::Range, rejects NaN.
[[nodiscard]] CLI::Validator between(double low, double high);

/// The two parts of an option such as WORD=FOLDER; anything else is a usage error.
[[nodiscard]] std::pair<std::string, std::filesystem::path> name_and_folder(const std::string& option,
                                                                            const std::string& text,
                                                                            const std::string& expected);

/// --data --own-word --keywords --speech --noise --cache --everything-trains ...
void add_data_options(CLI::App& app, DataOptions& options);
/// --collection --part: for the commands that count false accepts on whole collections.
void add_collection_options(CLI::App& app, DataOptions& options);
/// --speed --gain --snr --room ... and the shares of the labels. --no-augment turns all of it off.
void add_augment_options(CLI::App& app, AugmentOptions& augment, MixOptions& mix);

}  // namespace kwsd::train
