// Where a model comes from, as its file says (Model::provenance). Thread: any.
#pragma once

#include <string>

#include "engine/model/model.h"
#include "models/trainer/net/checkpoint.h"

namespace kwsd::train {

/// JSON: the recipe of a net, with file names in place of paths.
[[nodiscard]] std::string provenance(const NetInfo& info);

/// Adds the recipe of the second stage to that of the first; what was said of the first's thresholds goes.
void add_second_stage(Model& model, const NetInfo& second);
/// Adds what `from` says of its second stage.
void copy_second_stage(Model& model, const Model& from);

}  // namespace kwsd::train
