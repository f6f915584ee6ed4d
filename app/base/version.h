// The version of this build. Thread: any.
#pragma once

namespace kwsd {

/// "major.minor.patch", as in CMakeLists.txt.
[[nodiscard]] inline const char* version() noexcept {
  return KWSD_VERSION;
}

}  // namespace kwsd
