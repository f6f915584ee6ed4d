// The clock that never jumps. Thread: any.
#pragma once

#include <chrono>

namespace kwsd {

/// Seconds since some fixed time.
[[nodiscard]] inline double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace kwsd
