// A Screen as a picture. Thread: any, pure.
#pragma once

#include <string>

#include "app/live/screen.h"

namespace kwsd {

/// A stand-alone SVG document in the look of a dark terminal.
[[nodiscard]] std::string screen_svg(const Screen& screen);

}  // namespace kwsd
