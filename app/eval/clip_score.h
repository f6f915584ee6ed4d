// The detector's result for one recording, as if it were spoken in a quiet room. Thread: any.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/spotter/spotter.h"

namespace kwsd {

struct ClipScore {
  float highest = 0;   ///< the highest score of the keyword in any window, [0, 1]
  int detections = 0;  ///< of the keyword
};

/// `clip` (16 kHz, [-1, 1]) between silences, through the full branch of the spotter's first model.
/// `keyword`: one of its labels; other labels are ignored.
[[nodiscard]] ClipScore score_clip(const std::shared_ptr<const Spotter>& spotter, std::span<const float> clip,
                                   const std::string& keyword);

}  // namespace kwsd
