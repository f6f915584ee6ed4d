// Arrays of float32 in NumPy's .npy format, version 1, little-endian, rows first. Thread: any.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <vector>

namespace kwsd::train {

/// The array of a file, which must have this shape. Throws Error: no_input, or bad_data with what was found.
[[nodiscard]] torch::Tensor load_npy(const std::filesystem::path& path,
                                     const std::vector<std::int64_t>& shape);

}  // namespace kwsd::train
