#include "models/trainer/net/norm.h"

namespace kwsd::train {

using torch::Tensor;

NormImpl::NormImpl(int channels)
    : gain(register_parameter("gain", torch::ones(channels))),
      bias(register_parameter("bias", torch::zeros(channels))),
      mean(register_buffer("mean", torch::zeros(channels))),
      variance(register_buffer("variance", torch::ones(channels))) {}

namespace {
Tensor positive_gain(const Tensor& gain) {
  return gain.abs() + 1e-3;
}
}  // namespace

Tensor NormImpl::forward(const Tensor& x) {
  return torch::batch_norm(x, positive_gain(gain), bias, mean, variance, is_training(), norm_momentum,
                           norm_epsilon, false);
}

RowNorm NormImpl::rows() const {
  return {positive_gain(gain), bias, mean, variance, is_training()};
}

std::pair<Tensor, Tensor> NormImpl::folded() const {
  const Tensor g = positive_gain(gain) / (variance + norm_epsilon).sqrt();
  return {g.detach(), (bias - g * mean).detach()};
}

SlopeImpl::SlopeImpl(int channels) : slope(register_parameter("slope", torch::full({channels}, 0.25))) {}

Tensor SlopeImpl::forward(const Tensor& x) {
  return torch::prelu(x, value());
}

}  // namespace kwsd::train
