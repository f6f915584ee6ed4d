// LiveState -> Screen. Thread: any, pure.
#pragma once

#include "app/live/live_state.h"
#include "app/live/screen.h"

namespace kwsd {

/// What a terminal can show.
struct LiveStyle {
  bool utf8 = true;  ///< otherwise ASCII alone
};

/// The whole screen. What does not fit is left out: first keywords far from the selected one, then
/// detections; below 40 x 10 a note alone.
[[nodiscard]] Screen draw_live(const LiveState& state, int rows, int columns, const LiveStyle& style = {});

/// A detection as a line: "   12.81 s  stop      0.97 (0.80)  full   14:03:27".
[[nodiscard]] std::string detection_line(const LiveDetection& detection);

}  // namespace kwsd
