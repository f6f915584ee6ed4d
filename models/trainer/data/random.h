// Repeatable random numbers, for the trainer. See app/recordings/random.h.
#pragma once

#include "app/recordings/random.h"

namespace kwsd::train {
using kwsd::mix64;
using kwsd::Random;
using kwsd::stable_hash;
}  // namespace kwsd::train
