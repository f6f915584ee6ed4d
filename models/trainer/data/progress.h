// Progress on stderr, for the trainer. See app/recordings/progress.h.
#pragma once

#include "app/recordings/progress.h"

namespace kwsd::train {
using kwsd::clock_text;
using kwsd::Progress;
}  // namespace kwsd::train
