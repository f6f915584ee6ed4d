// Layers of the nets that are trained as a whole (architectures.h): real or 1-bit convolutions and linear
// layers, which report their size. Thread: one.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/trainer/net/binarize.h"
#include "models/trainer/net/norm.h"

namespace kwsd::train {

/// One layer of a network, as `kwsd-train describe` lists it.
struct LayerSize {
  std::string name;
  std::vector<std::int64_t> output;  ///< shape for one clip
  std::int64_t parameters = 0;       ///< weights and biases
  std::int64_t multiply_adds = 0;    ///< for one clip
  std::string kind = "real";         ///< how it multiplies: kind_names()
};

/// How the inner layers of a net multiply; one for all its layers, set before each forward pass.
struct Precision {
  bool binary = false;
  Binarizer binarizer = Binarizer::xnor;
  double progress = 0;        ///< share of training done
  bool real_weights = false;  ///< stage one: binary activations, real weights
  bool training = false;
  torch::Tensor rad;  ///< sum of rad_loss since it was reset
  int rad_terms = 0;
  std::vector<LayerSize>* trace = nullptr;  ///< where layers note their sizes, or none

  /// ±1; x has its channels in dimension `channels`.
  [[nodiscard]] torch::Tensor sign(const torch::Tensor& x, std::int64_t channels);
};

/// A convolution over as many dimensions as `kernel` has (1 or 2), or a linear layer over the last one
/// (none).
struct LayerShape {
  std::int64_t from = 1, to = 1;
  std::vector<std::int64_t> kernel = {}, stride = {}, padding = {},
                            dilation = {};  ///< empty: 1, 0 for the padding
  std::int64_t groups = 1;
  bool bias = false;
  bool real = false;  ///< also in a binary net: the first and the last layer
};

/// weight [to][from / groups][kernel...], bias [to]. A 1-bit layer signs its input and its weights; what lies
/// outside is +1, as in the daemon.
struct LayerImpl : torch::nn::Module {
  LayerImpl(LayerShape layer, std::shared_ptr<Precision> how);
  torch::Tensor forward(const torch::Tensor& x);
  [[nodiscard]] bool binary() const noexcept { return precision->binary && !shape.real; }

  LayerShape shape;
  std::shared_ptr<Precision> precision;
  torch::Tensor weight, bias;

 private:
  torch::Tensor multiply(const torch::Tensor& x, const torch::Tensor& w) const;
  void note(const torch::Tensor& out) const;
};
TORCH_MODULE(Layer);

/// ReLU, SiLU where `swish`; in a binary net PReLU, since the sign after a ReLU is +1 everywhere. x:
/// [B][C]...
struct ActivationImpl : torch::nn::Module {
  ActivationImpl(std::int64_t channels, const Precision& precision, bool with_swish = false);
  torch::Tensor forward(const torch::Tensor& x);

  Slope slope{nullptr};
  bool swish = false;
};
TORCH_MODULE(Activation);

}  // namespace kwsd::train
