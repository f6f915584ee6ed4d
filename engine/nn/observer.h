// Access to the output of each layer: for golden tensors and for the check of an exported model. A stream
// without an observer pays one test of a pointer per layer.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace kwsd {

/// One output. `values` is valid during the call only.
struct LayerOutput {
  /// "front-end" (one row: [freq][channels] int8 values, signs ±1, odd levels, or the step (C)), "steps",
  /// "memory", "hidden" (±1), "project" ([C][T]; hidden: [T][H]) or "classifier input" ([C][T]). Streaming:
  /// the steps that were computed at once, each [C]. "second ..." are those of the second stage.
  std::string_view name;
  int index = 0;  ///< the layer in Model::front_end, or the block in Model::blocks
  std::int64_t end =
      0;  ///< frames pushed at its last frame; of a streaming net's blocks: steps before its end
  std::span<const std::int32_t> values;
};

using Observer = std::function<void(const LayerOutput&)>;

}  // namespace kwsd
