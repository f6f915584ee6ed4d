#include "models/trainer/net/conv_net.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kwsd::train {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

using How = std::shared_ptr<Precision>;

Layer conv(int from, int to, std::int64_t stride, const How& how) {
  return Layer(
      LayerShape{.from = from, .to = to, .kernel = {3, 3}, .stride = {stride, stride}, .padding = {1, 1}},
      how);
}

/// relu(BN(conv(relu(BN(conv(x))))) + x); the shortcut of a block that narrows is a 1x1 conv.
struct ResidualImpl : nn::Module {
  ResidualImpl(int from, int to, std::int64_t stride, const How& how)
      : first(register_module("first", conv(from, to, stride, how))),
        second(register_module("second", conv(to, to, 1, how))),
        first_norm(register_module("first_norm", Norm(to))),
        second_norm(register_module("second_norm", Norm(to))) {
    if (stride != 1 || from != to) {
      const LayerShape narrow{.from = from, .to = to, .kernel = {1, 1}, .stride = {stride, stride}};
      shortcut = register_module("shortcut", nn::Sequential(Layer(narrow, how), Norm(to)));
    }
  }
  Tensor forward(const Tensor& x) {
    const Tensor hidden = torch::relu(first_norm(first(x)));
    return torch::relu(second_norm(second(hidden)) + (shortcut.is_empty() ? x : shortcut->forward(x)));
  }

  Layer first, second;
  Norm first_norm, second_norm;
  nn::Sequential shortcut{nullptr};
};
TORCH_MODULE(Residual);

}  // namespace

Tensor inverse_dct(const FeatureParams& features) {
  // L[m] = sum_j s_j c[j] cos(pi j (m + 0.5) / bands), c[j] = q[j] / scale[j] (+ mean[j]).
  const auto count = static_cast<std::int64_t>(features.coefficients);
  Tensor out = torch::empty({count, count});
  auto values = out.accessor<float, 2>();
  for (std::int64_t j = 0; j < count; ++j) {
    const double norm = std::sqrt((j == 0 ? 1.0 : 2.0) / static_cast<double>(count));
    for (std::int64_t m = 0; m < count; ++m) {
      const double angle = std::numbers::pi * static_cast<double>(j) * (static_cast<double>(m) + 0.5) /
                           static_cast<double>(count);
      values[m][j] = static_cast<float>(norm * std::cos(angle) / features.scale[static_cast<std::size_t>(j)]);
    }
  }
  return out;
}

ConvNetImpl::ConvNetImpl(const ConvNetSizes& s, const How& how)
    : spectrum(register_buffer("spectrum", torch::eye(s.coefficients))), dropout(s.dropout) {
  const int c = s.channels;
  bands = register_module("bands", Norm(s.coefficients));
  trunk = register_module(
      "trunk",
      nn::Sequential(Layer(LayerShape{.to = c, .kernel = {5, 5}, .stride = {1, 2}, .padding = {2, 2}}, how),
                     Norm(c), nn::ReLU(), Residual(c, c, 1, how), Residual(c, c, 1, how),
                     Residual(c, 2 * c, 2, how), Residual(2 * c, 2 * c, 1, how),
                     Residual(2 * c, 4 * c, 2, how), Residual(4 * c, 4 * c, 1, how)));
  classifier =
      register_module("classifier", Layer(LayerShape{.from = 8 * c, .to = s.labels, .bias = true}, how));
  word_classifier = register_module("word_classifier", nn::Linear(8 * c, std::max(s.words, 1)));
}

void ConvNetImpl::set_features(const FeatureParams& features) {
  torch::NoGradGuard no_grad;
  spectrum.copy_(inverse_dct(features).t());
}

std::pair<Tensor, Tensor> ConvNetImpl::forward(const Tensor& features) {
  Tensor x = torch::matmul(features, spectrum);               // [B][frames][bands]
  x = bands(x.transpose(1, 2)).transpose(1, 2).unsqueeze(1);  // [B][1][frames][bands]
  x = trunk->forward(x).flatten(2);                           // [B][4c][frames / 4 · bands / 8]
  x = torch::cat({x.mean(2), x.amax(2)}, 1);
  x = torch::dropout(x, dropout, is_training());
  return {classifier(x), word_classifier(x)};
}

}  // namespace kwsd::train
