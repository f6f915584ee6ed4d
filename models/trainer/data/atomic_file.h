// A file that appears whole or not at all, for the trainer. See app/recordings/atomic_file.h.
#pragma once

#include "app/recordings/atomic_file.h"

namespace kwsd::train {
using kwsd::AtomicFile;
}  // namespace kwsd::train
