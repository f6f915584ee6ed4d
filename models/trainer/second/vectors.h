// The vectors of a second stage, as a part of the base that words of one's own start from. Thread: any, pure.
#pragma once

#include "engine/model/model.h"

namespace kwsd::train {

/// The net of `second` up to the vectors of 96 values (train-second), ten of which its classifier sees; the
/// classifier has no weights yet. Throws Error (usage) for a net of another shape.
[[nodiscard]] Model vectors_of(const SecondStage& second);

/// Gives `base` these vectors, behind a gate that never opens. Throws Error (usage) also if `from` has no
/// second stage or other features.
void add_vectors(Model& base, const Model& from);

}  // namespace kwsd::train
