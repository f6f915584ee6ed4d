// The feature parameters in a file: models and negatives (models/FORMAT.md) store them in the same form.
// Thread: set-up.
#pragma once

#include "engine/features/feature_params.h"
#include "engine/model/byte_io.h"

namespace kwsd {

/// Throws Error (bad_data): parameters that validate (engine/features/mfcc.h) rejects.
[[nodiscard]] FeatureParams read_features(ByteReader& in);
void write_features(ByteWriter& out, const FeatureParams& features);

}  // namespace kwsd
