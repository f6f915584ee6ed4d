// The size of a model without binarization: the figure that `kwsd info`, the exporter and the cards compare a
// file with. Thread: any, pure.
#pragma once

#include <cstdint>

#include "engine/model/model.h"

namespace kwsd {

/// Real numbers in a float32 file of the same network, including the second stage: weights, gain and offset
/// of each batch norm, PReLU slopes, biases of the classifier. Parameters that each branch has of its own
/// count once per branch; scales that quantization adds do not count.
[[nodiscard]] std::int64_t float32_parameters(const Model& model) noexcept;

}  // namespace kwsd
