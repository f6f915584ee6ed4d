// The sample rate of everything behind the resampler. Thread: any.
#pragma once

#include <cstdint>

namespace kwsd {

constexpr std::uint32_t stream_rate_hz = 16000;

}  // namespace kwsd
