#include "models/trainer/net/architectures.h"
#include "models/trainer/net/conv_net.h"

namespace kwsd::train {

using torch::Tensor;

SpectrumImpl::SpectrumImpl(int coefficients)
    : matrix(register_buffer("matrix", torch::eye(coefficients))),
      mean(register_buffer("mean", torch::zeros(coefficients))),
      variance(register_buffer("variance", torch::ones(coefficients))) {}

void SpectrumImpl::set_features(const FeatureParams& features) {
  torch::NoGradGuard no_grad;
  matrix.copy_(inverse_dct(features).t());
}

Tensor SpectrumImpl::forward(const Tensor& features) {
  return torch::batch_norm(torch::matmul(features, matrix).transpose(1, 2), {}, {}, mean, variance,
                           is_training(), norm_momentum, norm_epsilon, false);
}

namespace {

constexpr std::int64_t look_back = 3, look_ahead = 3;  // steps

/// f(W h + W~ memory(h) + b); h: [B][H][T].
struct FsmnLayerImpl : torch::nn::Module {
  FsmnLayerImpl(std::int64_t units, const std::shared_ptr<Precision>& how)
      : memory(register_module("memory", Layer(LayerShape{.from = units,
                                                          .to = units,
                                                          .kernel = {look_back + 1 + look_ahead},
                                                          .padding = {look_back},
                                                          .groups = units},
                                               how))),
        direct(register_module("direct", Layer(LayerShape{.from = units, .to = units, .kernel = {1}}, how))),
        from_memory(register_module("from_memory",
                                    Layer(LayerShape{.from = units, .to = units, .kernel = {1}}, how))),
        norm(register_module("norm", Norm(static_cast<int>(units)))),
        activation(register_module("activation", Activation(units, *how))) {}
  Tensor forward(const Tensor& h) { return activation(norm(direct(h) + from_memory(memory(h)))); }

  Layer memory, direct, from_memory;
  Norm norm;
  Activation activation;
};
TORCH_MODULE(FsmnLayer);

class PlainFsmn : public WholeNetImpl {
 public:
  PlainFsmn(const ArchitectureSizes& s, const std::shared_ptr<Precision>& how)
      : dropout_(s.dropout), spectrum_(register_module("spectrum", Spectrum(s.coefficients))) {
    const std::int64_t units = s.width;
    first_ = register_module(
        "first", Layer(LayerShape{.from = s.coefficients, .to = units, .kernel = {1}, .real = true}, how));
    norm_ = register_module("norm", Norm(s.width));
    activation_ = register_module("activation", Activation(units, *how));
    for (int i = 0; i < s.blocks; ++i) {
      layers_.push_back(register_module("layer" + std::to_string(i), FsmnLayer(units, how)));
    }
    classifier_ = register_module(
        "classifier",
        Layer(LayerShape{.from = units * s.frames, .to = s.labels, .bias = true, .real = true}, how));
    word_classifier_ = register_module("word_classifier", torch::nn::Linear(units, std::max(s.words, 1)));
  }
  void set_features(const FeatureParams& features) override { spectrum_->set_features(features); }
  std::pair<Tensor, Tensor> forward(const Tensor& features) override {
    Tensor h = activation_(norm_(first_(spectrum_(features))));
    for (FsmnLayer& layer : layers_) {
      h = layer(h);
    }
    h = torch::dropout(h, dropout_, is_training());
    return {classifier_(h.flatten(1)), word_classifier_(h.mean(2))};
  }

 private:
  double dropout_;
  Spectrum spectrum_;
  Layer first_{nullptr}, classifier_{nullptr};
  Norm norm_{nullptr};
  Activation activation_{nullptr};
  std::vector<FsmnLayer> layers_;
  torch::nn::Linear word_classifier_{nullptr};
};

}  // namespace

std::shared_ptr<WholeNetImpl> make_plain_fsmn(const ArchitectureSizes& sizes,
                                              const std::shared_ptr<Precision>& precision) {
  return std::make_shared<PlainFsmn>(sizes, precision);
}

}  // namespace kwsd::train
