// `kwsd-train calibrate`. Thread: set-up.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "models/trainer/calibrate/calibration.h"

namespace kwsd::train {

/// Chooses thresholds for the model file on the validation split, measures them on the test split, writes
/// them into `output` (may be the file itself) and the report next to it (.calibration.txt, .json, .svg).
CalibrationReport calibrate_file(const std::filesystem::path& model, const std::filesystem::path& output,
                                 const Dataset& dataset, CalibrationOptions options);

void add_calibrate_command(CLI::App& app);

}  // namespace kwsd::train
