// The network of model.h computed the slow way: a whole window or a whole stream at a time, plain loops,
// integers as wide as they need to be. It shares no code with engine/nn or engine/kernels. Thread: any.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/model.h"

namespace kwsd::test {

/// frames: [window_frames][coefficients]. Returns the logits (labels).
std::vector<float> naive_logits(const Model& model, const std::vector<std::int8_t>& frames, BranchId branch);

/// A streaming model on a whole stream. frames: [any number][coefficients]; step 0 sees the first
/// step_frames of them. Returns [steps - lookahead_steps][labels].
std::vector<std::vector<float>> naive_stream_logits(const Model& model,
                                                    const std::vector<std::int8_t>& frames, BranchId branch);

}  // namespace kwsd::test
