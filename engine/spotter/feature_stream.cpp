#include "engine/spotter/feature_stream.h"

#include <utility>

namespace kwsd {

FeatureStream::FeatureStream(std::shared_ptr<const MfccTables> tables)
    : framer_(static_cast<int>(tables->params().frame_samples),
              static_cast<int>(tables->params().hop_samples)),
      mfcc_(std::move(tables)),
      frame_(mfcc_.params().coefficients) {}

}  // namespace kwsd
