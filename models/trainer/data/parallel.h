// A loop on a few threads, for the trainer. See app/recordings/parallel.h.
#pragma once

#include "app/recordings/parallel.h"

namespace kwsd::train {
using kwsd::parallel_for;
using kwsd::parallel_for_each_thread;
}  // namespace kwsd::train
