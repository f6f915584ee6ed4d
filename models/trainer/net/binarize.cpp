#include "models/trainer/net/binarize.h"

#include <algorithm>
#include <cmath>

namespace kwsd::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

Tensor plus_minus(const Tensor& x) {
  return torch::where(x >= 0, torch::ones_like(x), -torch::ones_like(x));
}

/// Forward sign; backward times a window function of x.
enum class GradientWindow : std::int64_t { straight = 0, polynomial = 1, identity = 2 };

struct Sign : torch::autograd::Function<Sign> {
  static Tensor forward(AutogradContext* context, const Tensor& x, std::int64_t window) {
    context->save_for_backward({x});
    context->saved_data["window"] = window;
    return plus_minus(x);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const Tensor x = context->get_saved_variables()[0];
    switch (static_cast<GradientWindow>(context->saved_data["window"].toInt())) {
      case GradientWindow::straight:
        return {gradients[0] * (x.abs() <= 1), Tensor()};
      case GradientWindow::polynomial:
        return {gradients[0] * (2 - 2 * x.abs()).clamp_min(0), Tensor()};
      case GradientWindow::identity:
        break;
    }
    return {gradients[0], Tensor()};
  }
};

/// IR-Net's error decay estimator: gradient k·t·(1 − tanh²(t·x)), t from 0.1 to 10, k = max(1/t, 1).
struct SignEde : torch::autograd::Function<SignEde> {
  static Tensor forward(AutogradContext* context, const Tensor& x, double progress) {
    context->save_for_backward({x});
    context->saved_data["t"] = std::pow(10.0, -1.0 + 2.0 * progress);
    return plus_minus(x);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const Tensor x = context->get_saved_variables()[0];
    const double t = context->saved_data["t"].toDouble();
    return {gradients[0] * (std::max(1.0 / t, 1.0) * t * (1 - (x * t).tanh().pow(2))), Tensor()};
  }
};

Tensor sign(const Tensor& x, GradientWindow window) {
  return Sign::apply(x, static_cast<std::int64_t>(window));
}

std::vector<std::int64_t> filter_dims(const Tensor& w) {
  std::vector<std::int64_t> dims;
  for (std::int64_t d = 1; d < w.dim(); ++d) {
    dims.push_back(d);
  }
  return dims;
}

Tensor centred(const Tensor& w) {
  return w - w.mean(filter_dims(w), true);
}

/// (w − mean) / std per filter.
Tensor standardized(const Tensor& w) {
  const Tensor c = centred(w);
  return c / (c.pow(2).mean(filter_dims(w), true).sqrt() + 1e-8);
}

/// The latent weights of XNOR-Net.
Tensor centred_and_clipped(const Tensor& w) {
  return centred(w).clamp(-1, 1);
}

/// What is signed, and the scale [out][1]...
std::pair<Tensor, Tensor> latent_and_scale(const Tensor& w, Binarizer binarizer) {
  const auto dims = filter_dims(w);
  const auto ones = [&] { return torch::ones_like(w.mean(dims, true)); };
  switch (binarizer) {
    case Binarizer::bnn:
    case Binarizer::rad:
      return {w, ones()};
    case Binarizer::xnor: {  // constrain_weight has done this: no gradient passes through it
      const Tensor c = w + (centred_and_clipped(w) - w).detach();
      return {c, c.abs().mean(dims, true)};
    }
    case Binarizer::bi_real:
      return {w, w.detach().abs().mean(dims, true)};
    case Binarizer::dorefa:
      return {w, ones() * w.abs().mean()};
    case Binarizer::ir_net: {
      const Tensor z = standardized(w);
      return {z, torch::pow(2.0, z.detach().abs().mean(dims, true).log2().round())};
    }
    default: {
      const Tensor c = centred(w);
      return {c, c.abs().mean(dims, true)};
    }
  }
}

}  // namespace

const std::vector<std::string>& binarizer_names() {
  static const std::vector<std::string> names{"straight-through", "bi-real", "bnn", "xnor",
                                              "dorefa",           "ir-net",  "rad", "centred"};
  return names;
}

Tensor binarize_activation(const Tensor& x, Binarizer binarizer, double progress) {
  switch (binarizer) {
    case Binarizer::ir_net:
      return SignEde::apply(x, progress);
    default:
      return sign(x,
                  has_polynomial_window(binarizer) ? GradientWindow::polynomial : GradientWindow::straight);
  }
}

Tensor binarize_weight(const Tensor& w, Binarizer binarizer, double progress) {
  const auto [latent, scale] = latent_and_scale(w, binarizer);
  switch (binarizer) {
    case Binarizer::bnn:
    case Binarizer::rad:
      return sign(latent, GradientWindow::identity);
    case Binarizer::dorefa: {  // the gradient of ŵ passes unchanged
      const Tensor s = scale.detach().clamp_min(1e-12);
      return sign(latent / s, GradientWindow::identity) * s;
    }
    case Binarizer::ir_net:
      return SignEde::apply(latent, progress) * scale;
    case Binarizer::xnor:  // clipped: within the window
      return sign(latent, GradientWindow::identity) * scale;
    case Binarizer::centred:
      return sign(latent / (3 * scale.detach() + 1e-12), GradientWindow::straight) * scale;
    default:
      return sign(latent, GradientWindow::straight) * scale;
  }
}

void constrain_weight(Tensor& w, Binarizer binarizer) {
  torch::NoGradGuard no_grad;
  if (binarizer == Binarizer::bnn || binarizer == Binarizer::rad) {
    w.clamp_(-1, 1);
  } else if (binarizer == Binarizer::xnor) {
    w.copy_(centred_and_clipped(w));
  }
}

BinaryWeight split_weight(const Tensor& w, Binarizer binarizer) {
  torch::NoGradGuard no_grad;
  const auto [latent, scale] = latent_and_scale(w, binarizer);
  return {latent >= 0, scale.flatten()};
}

Tensor rad_loss(const Tensor& x, std::int64_t channels) {
  const Tensor rows = x.transpose(0, channels).flatten(1);  // [C][all else]
  const Tensor mean = rows.mean(1);
  const Tensor deviation = ((rows - mean.unsqueeze(1)).pow(2).mean(1) + 1e-12).sqrt();
  return ((2 - mean.abs() - deviation).clamp_min(0).pow(2) + (deviation - 4).clamp_min(0).pow(2) +
          (mean.pow(2) - deviation.pow(2)).clamp_min(0))
      .mean();
}

Tensor quantize_levels(const Tensor& x, int bits) {
  const double top = (1 << bits) - 1;
  const Tensor code = (x.clamp(-1, 1) + 1) * (top / 2);
  return (code + ((code + 0.5).floor() - code).detach()) * (2 / top) - 1;
}

Tensor quantize_int8(const Tensor& x, double steps) {
  const Tensor scaled = (x * steps).clamp(-127, 127);
  return (scaled + ((scaled + 0.5).floor() - scaled).detach()) / steps;
}

Tensor quantize_weight_int8(const Tensor& w) {
  const Tensor step = w.detach().abs().amax(filter_dims(w), true).clamp_min(1e-8) / 127;
  return w + ((w / step).round() * step - w).detach();
}

}  // namespace kwsd::train
