// LiveState -> Screen. Thread: any, pure.
#pragma once

#include "app/live/live_state.h"
#include "app/live/screen.h"

namespace kwsd {

/// Capabilities of a terminal.
struct LiveStyle {
  bool utf8 = true;  ///< otherwise ASCII only
};

/// The whole screen. Parts that do not fit are left out: first keywords far from the selected one, then
/// detections; below 40 x 10 only a note is shown.
[[nodiscard]] Screen draw_live(const LiveState& state, int rows, int columns, const LiveStyle& style = {});

/// A detection as a line: "   12.81 s  stop      0.97 (0.80)  full   14:03:27".
[[nodiscard]] std::string detection_line(const LiveDetection& detection);

}  // namespace kwsd
