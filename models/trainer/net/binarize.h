// Real tensors -> ±1, with a gradient. Each binarizer is its paper's formula; binarize_test.cpp checks values and
// gradients on small tensors. Thread: any.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace kwsd::train {

/// g = upstream gradient, w per output filter, s = mean |w| over the whole filter.
enum class Binarizer {
  straight_through,  ///< activations: g·1[|x| <= 1]; weights: centred, s·sign(w)
  bi_real,           ///< activations: g·max(0, 2 − 2|x|); weights as above
  bnn,               ///< activations as straight_through; weights sign(w), gradient 1[|w| <= 1], no scale
  xnor,              ///< weights: centred, clipped to [−1, 1], s·sign(w)
  dorefa,            ///< weights: E|w|·sign(w), one scale for the layer, gradient 1; activations ±1
  ir_net,            ///< weights: (w − mean)/std, times 2^round(log2 mean|w|); EDE gradient for both
  rad,               ///< bnn, with RAD's loss on the activations' distribution (rad_loss)
};

/// The names for --binarizer, in the order of the enumeration.
[[nodiscard]] const std::vector<std::string>& binarizer_names();

/// sign(x) with sign(±0) = +1 and NaN -> -1, as the daemon does it. progress in [0, 1] is the share of
/// training done (IR-Net's gradient sharpens with it).
[[nodiscard]] torch::Tensor binarize_activation(const torch::Tensor& x, Binarizer binarizer, double progress);

/// Weights [out][...] -> scale · ±1.
[[nodiscard]] torch::Tensor binarize_weight(const torch::Tensor& w, Binarizer binarizer, double progress);

/// What binarize_weight multiplies: the ±1 (as bool: w is +1) and the scale per output (out).
struct BinaryWeight {
  torch::Tensor plus;   ///< bool, shape of w
  torch::Tensor scale;  ///< (out)
};
[[nodiscard]] BinaryWeight split_weight(const torch::Tensor& w, Binarizer binarizer);

/// RAD's regularisation of what is about to be binarized: x [B][C][...], per channel
/// mean[(2 − |μ| − σ)+² + (σ − 4)+² + (μ² − σ²)+].
[[nodiscard]] torch::Tensor rad_loss(const torch::Tensor& x);

/// x -> 2^bits levels, evenly spaced in [−1, 1]; straight-through gradient inside.
[[nodiscard]] torch::Tensor quantize_levels(const torch::Tensor& x, int bits);

/// round(x · steps) / steps, clamped to ±127 steps; straight-through gradient inside.
[[nodiscard]] torch::Tensor quantize_int8(const torch::Tensor& x, double steps);

/// Per output filter: w rounded to 127 steps of its largest magnitude; straight-through gradient.
[[nodiscard]] torch::Tensor quantize_weight_int8(const torch::Tensor& w);

}  // namespace kwsd::train
