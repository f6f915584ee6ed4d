// The values of a tensor, for plain loops over them.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace kwsd::train {

/// Row-major, of any shape.
inline std::vector<double> values(const torch::Tensor& t) {
  const torch::Tensor flat = t.detach().to(torch::kFloat64).contiguous().flatten();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

}  // namespace kwsd::train
