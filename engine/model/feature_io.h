// The parameters of features in a file: models and negatives (models/FORMAT.md) have them alike. Thread:
// set-up.
#pragma once

#include "engine/features/feature_params.h"
#include "engine/model/byte_io.h"

namespace kwsd {

/// Throws Error (bad_data): parameters that validate (engine/features/mfcc.h) does not take.
[[nodiscard]] FeatureParams read_features(ByteReader& in);
void write_features(ByteWriter& out, const FeatureParams& features);

}  // namespace kwsd
