// The endpoints of a word, for the trainer. See engine/audio/endpoints.h.
#pragma once

#include "engine/audio/endpoints.h"

namespace kwsd::train {
using kwsd::Extent;
using kwsd::find_word;
}  // namespace kwsd::train
