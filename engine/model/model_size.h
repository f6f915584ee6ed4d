// What a model would take without binarization: the figure that `kwsd info`, the exporter and the cards
// compare a file with. Thread: any, pure.
#pragma once

#include <cstdint>

#include "engine/model/model.h"

namespace kwsd {

/// Real numbers that a float32 file of the same network would hold, those of the second stage included:
/// weights, gain and offset of each batch norm, PReLU slopes, biases of the classifier. What the branches
/// have of their own counts for each of them; scales that quantization adds do not count.
[[nodiscard]] std::int64_t float32_parameters(const Model& model) noexcept;

}  // namespace kwsd
