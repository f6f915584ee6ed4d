// The rate of all recordings once they are decoded. Thread: any.
#pragma once

#include "engine/audio/stream_rate.h"

namespace kwsd::train {

inline constexpr int sample_rate_hz = stream_rate_hz;

}  // namespace kwsd::train
