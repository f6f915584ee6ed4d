#include "models/trainer/net/architectures.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

/// Convs between two poolings, and their channels in units of the first.
struct VggStage {
  int convs, times;
};
constexpr VggStage vgg19_stages[] = {{2, 1}, {2, 2}, {4, 4}, {4, 8}, {4, 8}};

class Vgg : public WholeNetImpl {
 public:
  Vgg(const ArchitectureSizes& s, const std::shared_ptr<Precision>& how)
      : dropout_(s.dropout), spectrum_(register_module("spectrum", Spectrum(s.coefficients))) {
    std::int64_t from = 1;
    int number = 0;
    for (const VggStage& stage : vgg19_stages) {
      stages_.emplace_back();
      for (int i = 0; i < stage.convs; ++i) {
        const std::int64_t to = static_cast<std::int64_t>(s.width) * stage.times;
        const LayerShape shape{
            .from = from, .to = to, .kernel = {3, 3}, .padding = {1, 1}, .real = number == 0};
        stages_.back()->push_back(Layer(shape, how));
        stages_.back()->push_back(Norm(static_cast<int>(to)));
        stages_.back()->push_back(Activation(to, *how));
        from = to;
        ++number;
      }
      register_module("stage" + std::to_string(stages_.size()), stages_.back());
    }
    classifier_ = register_module(
        "classifier", Layer(LayerShape{.from = from, .to = s.labels, .bias = true, .real = true}, how));
    word_classifier_ = register_module("word_classifier", torch::nn::Linear(from, std::max(s.words, 1)));
  }
  void set_features(const FeatureParams& features) override { spectrum_->set_features(features); }
  std::pair<Tensor, Tensor> forward(const Tensor& features) override {
    Tensor x = spectrum_(features).unsqueeze(1);  // [B][1][bands][frames]
    for (torch::nn::Sequential& stage : stages_) {
      x = torch::max_pool2d(stage->forward(x), 2);
    }
    x = torch::dropout(x.flatten(2).mean(2), dropout_, is_training());
    return {classifier_(x), word_classifier_(x)};
  }

 private:
  double dropout_;
  Spectrum spectrum_;
  std::vector<torch::nn::Sequential> stages_;
  Layer classifier_{nullptr};
  torch::nn::Linear word_classifier_{nullptr};
};

}  // namespace

std::shared_ptr<WholeNetImpl> make_vgg19(const ArchitectureSizes& sizes,
                                         const std::shared_ptr<Precision>& precision) {
  return std::make_shared<Vgg>(sizes, precision);
}

}  // namespace kwsd::train
