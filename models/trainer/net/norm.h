// Batch norm and PReLU, in forms that the daemon can fold. Thread: one.
#pragma once

#include <torch/torch.h>

#include <utility>

#include "models/trainer/net/row_ops.h"

namespace kwsd::train {

/// Batch norm over all but the channel; the gain is kept positive, so that a sign after it is one comparison.
struct NormImpl : torch::nn::Module {
  explicit NormImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);
  /// y = gain · x + offset, from the running statistics: (channels) each.
  [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> folded() const;
  /// For tensors [C][N].
  [[nodiscard]] RowNorm rows() const;

  torch::Tensor gain, bias, mean, variance;
};
TORCH_MODULE(Norm);

/// PReLU with a slope per channel within [0, 1).
struct SlopeImpl : torch::nn::Module {
  explicit SlopeImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);
  [[nodiscard]] torch::Tensor value() const { return slope.clamp(0.0, 0.999); }

  torch::Tensor slope;
};
TORCH_MODULE(Slope);

}  // namespace kwsd::train
