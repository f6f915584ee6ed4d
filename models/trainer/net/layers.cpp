#include "models/trainer/net/layers.h"

#include <cmath>
#include <utility>

namespace kwsd::train {

using torch::Tensor;
namespace fn = torch::nn::functional;

Tensor Precision::sign(const Tensor& x, std::int64_t channels) {
  if (binarizer == Binarizer::rad && training) {
    const Tensor loss = rad_loss(x, channels);
    rad = rad.defined() ? rad + loss : loss;
    ++rad_terms;
  }
  return binarize_activation(x, binarizer, progress);
}

LayerImpl::LayerImpl(LayerShape layer, std::shared_ptr<Precision> how)
    : shape(std::move(layer)), precision(std::move(how)) {
  const auto fill = [&](std::vector<std::int64_t>& values, std::int64_t value) {
    if (values.empty()) {
      values.assign(shape.kernel.size(), value);
    }
  };
  fill(shape.stride, 1);
  fill(shape.padding, 0);
  fill(shape.dilation, 1);
  std::vector<std::int64_t> sizes{shape.to, shape.from / shape.groups};
  sizes.insert(sizes.end(), shape.kernel.begin(), shape.kernel.end());
  weight = register_parameter("weight", torch::empty(sizes));
  torch::nn::init::kaiming_uniform_(weight, std::sqrt(5.0));  // as torch::nn::Conv2d and Linear begin
  if (shape.bias) {
    const double bound = 1 / std::sqrt(static_cast<double>(weight.numel()) / static_cast<double>(shape.to));
    bias = register_parameter("bias", torch::empty({shape.to}).uniform_(-bound, bound));
  }
}

Tensor LayerImpl::multiply(const Tensor& x, const Tensor& w) const {
  switch (shape.kernel.size()) {
    case 0:
      return torch::linear(x, w, bias);
    case 1:
      return torch::conv1d(x, w, bias, shape.stride, shape.padding, shape.dilation, shape.groups);
    default:
      return torch::conv2d(x, w, bias, shape.stride, shape.padding, shape.dilation, shape.groups);
  }
}

Tensor LayerImpl::forward(const Tensor& x) {
  Tensor out;
  if (binary()) {
    const Tensor signs = precision->sign(x, shape.kernel.empty() ? x.dim() - 1 : 1);
    const Tensor w =
        precision->real_weights ? weight : binarize_weight(weight, precision->binarizer, precision->progress);
    // +1 outside: the product of signs - 1, padded with 0, and the sum of the weights.
    std::vector<std::int64_t> per_channel(static_cast<std::size_t>(x.dim()), 1);
    per_channel[shape.kernel.empty() ? per_channel.size() - 1 : 1] = shape.to;
    out = multiply(signs - 1, w) + w.flatten(1).sum(1).view(per_channel);
  } else {
    out = multiply(x, weight);
  }
  if (precision->trace != nullptr) {
    note(out);
  }
  return out;
}

void LayerImpl::note(const Tensor& out) const {
  const std::int64_t values = out.numel() / out.size(0);
  const std::int64_t per_value = weight.numel() / shape.to;
  std::string name = "linear";
  if (!shape.kernel.empty()) {
    name = shape.groups > 1 ? "depthwise" : "conv";
    for (std::size_t d = 0; d < shape.kernel.size(); ++d) {
      name += (d == 0 ? " " : "x") + std::to_string(shape.kernel[d]);
    }
  }
  precision->trace->push_back({name, out.sizes().slice(1).vec(),
                               weight.numel() + (bias.defined() ? bias.numel() : 0), values * per_value,
                               binary() ? "bit1" : "real"});
}

ActivationImpl::ActivationImpl(std::int64_t channels, const Precision& precision, bool with_swish)
    : swish(with_swish) {
  if (precision.binary) {
    slope = register_module("slope", Slope(static_cast<int>(channels)));
  }
}

Tensor ActivationImpl::forward(const Tensor& x) {
  if (slope) {
    return slope(x);
  }
  return swish ? torch::silu(x) : torch::relu(x);
}

}  // namespace kwsd::train
