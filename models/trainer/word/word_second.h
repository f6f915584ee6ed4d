// The second stage of a word's model: a classifier of the vectors that the base's model file hands on, fitted
// to recordings. Thread: one.
#pragma once

#include <filesystem>

#include "app/enroll/clips.h"
#include "app/enroll/negatives.h"
#include "engine/model/model.h"
#include "models/trainer/data/dataset.h"

namespace kwsd::train {

/// Gives `model`, whose first label is the word, a second stage, and calms the posteriors of its first
/// (spread_posteriors). The stage is fitted to the data set's recordings of the word that train, and to
/// `mistakes`: what was missed is the word, what was detected by mistake is among the negatives. The model
/// stays as it is, and the log says why, where there is nothing to fit it to, and where the base's file is
/// missing, has no second stage, or has other features. Throws Error (bad_data) for a damaged file.
void add_second_stage(Model& model, const std::filesystem::path& base_file, const Dataset& dataset,
                      const Mistakes& mistakes, const Negatives& negatives, unsigned threads);

}  // namespace kwsd::train
