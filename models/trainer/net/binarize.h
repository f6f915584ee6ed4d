// Real tensors -> ±1, with a gradient. Each binarizer is the formula of its paper; binarize_test.cpp checks
// values and gradients by plain loops, in the layouts that the network uses. Thread: any.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace kwsd::train {

/// How weights and activations become ±1. g = upstream gradient; w = a filter of n weights; s = mean |w| over
/// the whole filter. Activations: sign(x), gradient g·1[|x| <= 1], where nothing else is said.
enum class Binarizer {
  /// w centred: ŵ = s·sign(w); gradient 1[|w| <= 1] through sign, and through s.
  straight_through,
  /// Liu et al. 2018: activations g·max(0, 2 − 2|x|); ŵ = s·sign(w), gradient s·g·1[|w| <= 1] (section 3.2).
  /// A
  /// shortcut per layer, as in that paper, stands round the memory filter and round the two pointwise convs
  /// together.
  bi_real,
  /// Hubara et al. 2016: ŵ = sign(w), gradient g; the latent w is clipped to [−1, 1] after each step.
  bnn,
  /// Rastegari et al. 2016: the latent w is centred and clipped to [−1, 1] after each step; ŵ = s·sign(w),
  /// gradient
  /// s·g + sign(w)·mean(g·sign(w)).
  xnor,
  /// Zhou et al. 2016, one bit each: ŵ = E|w|·sign(w), E over the layer, gradient g; activations in ±1 for
  /// {0, 1}.
  dorefa,
  /// Qin et al. 2020: z = (w − mean)/std, ŵ = 2^round(log2 mean|z|)·sign(z); gradient k·t·(1 − tanh²(t·x)),
  /// of weights
  /// and activations, t growing from 0.1 to 10 with the share of training done, k = max(1/t, 1).
  ir_net,
  /// Ding et al. 2019: bnn, with a loss on the distribution of what is signed (rad_loss).
  rad,
  /// The shipped models': activations as bi_real, w centred; the window of the weights' gradient is as wide
  /// as the
  /// filter's weights are (3 s) and not [−1, 1].
  centred,
};

/// The names for --binarizer, in the order of the enumeration.
[[nodiscard]] const std::vector<std::string>& binarizer_names();

/// sign(x) with sign(±0) = +1 and NaN -> -1, as in the daemon. progress in [0, 1] is the share of training
/// done (the gradient of IR-Net sharpens with it).
[[nodiscard]] torch::Tensor binarize_activation(const torch::Tensor& x, Binarizer binarizer, double progress);

/// Whether the gradient of the activations is the polynomial of Bi-Real.
[[nodiscard]] constexpr bool has_polynomial_window(Binarizer binarizer) noexcept {
  return binarizer == Binarizer::bi_real || binarizer == Binarizer::centred;
}

/// Weights [out][...] -> scale · ±1.
[[nodiscard]] torch::Tensor binarize_weight(const torch::Tensor& w, Binarizer binarizer, double progress);

/// After a step of the optimizer: keeps the latent weights [out][...] in the range that the binarizer wants
/// (bnn, xnor, rad), in place.
void constrain_weight(torch::Tensor& w, Binarizer binarizer);

/// The factors that binarize_weight multiplies: the ±1 (as bool: w is +1) and the scale per output (out).
struct BinaryWeight {
  torch::Tensor plus;   ///< bool, shape of w
  torch::Tensor scale;  ///< (out)
};
[[nodiscard]] BinaryWeight split_weight(const torch::Tensor& w, Binarizer binarizer);

/// RAD's loss of what is about to be signed, x [..][C][..] with its channels in dimension `channels`: per
/// channel (2 − |μ| − σ)+² + (σ − 4)+² + (μ² − σ²)+, μ and σ over all else; their mean.
[[nodiscard]] torch::Tensor rad_loss(const torch::Tensor& x, std::int64_t channels = 1);

/// x -> 2^bits levels, evenly spaced in [−1, 1]; straight-through gradient inside.
[[nodiscard]] torch::Tensor quantize_levels(const torch::Tensor& x, int bits);

/// round(x · steps) / steps, clamped to ±127 steps; straight-through gradient inside.
[[nodiscard]] torch::Tensor quantize_int8(const torch::Tensor& x, double steps);

/// Per output filter: w rounded to 127 steps of its largest magnitude; straight-through gradient.
[[nodiscard]] torch::Tensor quantize_weight_int8(const torch::Tensor& w);

}  // namespace kwsd::train
