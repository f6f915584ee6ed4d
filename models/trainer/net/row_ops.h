// The operations between the matrix products of a block, each as one pass over a row: batch norm with sign,
// with PReLU and residual, and the memory filter. The same results as libtorch's own operators (tested),
// several times faster on a CPU. Tensors are float32, contiguous, [C][N] with N = batch · steps.
// Thread: any, pure apart from the running statistics.
#pragma once

#include <torch/torch.h>

namespace kwsd::train {

/// Batch norm of rows: gain (positive) and bias as trained, the running mean and variance.
struct RowNorm {
  torch::Tensor gain, bias;      // [C]
  torch::Tensor mean, variance;  // [C], updated in place while training
  bool training = false;
};
inline constexpr double norm_epsilon = 1e-5;
inline constexpr double norm_momentum = 0.1;

/// BN(x).
[[nodiscard]] torch::Tensor norm_rows(const torch::Tensor& x, const RowNorm& norm);

/// sign(BN(x)), ±1. Backward: straight-through where |BN(x)| <= 1, or Bi-Real's max(0, 2 - 2|BN(x)|).
[[nodiscard]] torch::Tensor norm_sign(const torch::Tensor& x, const RowNorm& norm, bool polynomial);

/// residual + PReLU(BN(x)); slope (C); residual [C][N] or undefined (0).
[[nodiscard]] torch::Tensor norm_slope(const torch::Tensor& x, const RowNorm& norm,
                                       const torch::Tensor& slope, const torch::Tensor& residual = {});

/// Depthwise filter over time, taps [C][5]: `before` (0 to 4) of them lie before the present step, the others
/// after it; `outside` is what lies before the first and after the last of `steps` steps.
[[nodiscard]] torch::Tensor memory_filter(const torch::Tensor& x, const torch::Tensor& taps,
                                          std::int64_t steps, double outside, std::int64_t before = 2);

/// The same with libtorch's operators alone: used on a GPU, and as the reference in the tests.
namespace plain {
[[nodiscard]] torch::Tensor norm_sign(const torch::Tensor& x, const RowNorm& norm, bool polynomial);
[[nodiscard]] torch::Tensor norm_slope(const torch::Tensor& x, const RowNorm& norm,
                                       const torch::Tensor& slope, const torch::Tensor& residual = {});
[[nodiscard]] torch::Tensor memory_filter(const torch::Tensor& x, const torch::Tensor& taps,
                                          std::int64_t steps, double outside, std::int64_t before = 2);
}  // namespace plain

}  // namespace kwsd::train
