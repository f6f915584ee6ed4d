#include "models/trainer/net/architectures.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

/// Batch norm of each of so many bands of frequencies apart (Chang et al. 2021). x: [B][C][F][T], F a
/// multiple of them.
struct SubSpectralNormImpl : torch::nn::Module {
  SubSpectralNormImpl(std::int64_t channels, std::int64_t sub_bands)
      : count(sub_bands), norm(register_module("norm", Norm(static_cast<int>(channels * sub_bands)))) {}
  Tensor forward(const Tensor& x) {
    return norm(x.reshape({x.size(0), x.size(1) * count, -1, x.size(3)})).view(x.sizes());
  }

  std::int64_t count;
  Norm norm;
};
TORCH_MODULE(SubSpectralNorm);

/// y = x + f2(x) + f1(mean of f2(x) over frequencies); a transition has no x, and changes the channels first
/// (section 2.2).
struct BroadcastBlockImpl : torch::nn::Module {
  struct Shape {
    std::int64_t from, to, stride, dilation, sub_bands;
  };
  BroadcastBlockImpl(const Shape& s, const std::shared_ptr<Precision>& how, double dropout_chance)
      : transition(s.from != s.to), dropout(dropout_chance) {
    const int to = static_cast<int>(s.to);
    if (transition) {
      change =
          register_module("change", Layer(LayerShape{.from = s.from, .to = s.to, .kernel = {1, 1}}, how));
      change_norm = register_module("change_norm", Norm(to));
      change_activation = register_module("change_activation", Activation(to, *how));
    }
    over_frequency = register_module("over_frequency", Layer(LayerShape{.from = s.to,
                                                                        .to = s.to,
                                                                        .kernel = {3, 1},
                                                                        .stride = {s.stride, 1},
                                                                        .padding = {1, 0},
                                                                        .groups = s.to},
                                                             how));
    frequency_norm = register_module("frequency_norm", SubSpectralNorm(s.to, s.sub_bands));
    over_time = register_module("over_time", Layer(LayerShape{.from = s.to,
                                                              .to = s.to,
                                                              .kernel = {1, 3},
                                                              .padding = {0, s.dilation},
                                                              .dilation = {1, s.dilation},
                                                              .groups = s.to},
                                                   how));
    time_norm = register_module("time_norm", Norm(to));
    time_activation = register_module("time_activation", Activation(to, *how, true));
    mix = register_module("mix", Layer(LayerShape{.from = s.to, .to = s.to, .kernel = {1, 1}}, how));
    activation = register_module("activation", Activation(to, *how));
  }
  Tensor forward(const Tensor& x) {
    Tensor in = transition ? change_activation(change_norm(change(x))) : x;
    const Tensor both = frequency_norm(over_frequency(in));  // [B][C][F][T]
    const Tensor time = time_activation(time_norm(over_time(both.mean(2, true))));
    const Tensor out = torch::feature_dropout(mix(time), dropout, is_training()) + both;
    return activation(transition ? out : out + x);
  }

  bool transition;
  double dropout;
  Layer change{nullptr}, over_frequency{nullptr}, over_time{nullptr}, mix{nullptr};
  Norm change_norm{nullptr}, time_norm{nullptr};
  SubSpectralNorm frequency_norm{nullptr};
  Activation change_activation{nullptr}, time_activation{nullptr}, activation{nullptr};
};
TORCH_MODULE(BroadcastBlock);

/// Channels in halves of the width, blocks, stride over frequency of the first.
struct BcStage {
  int halves, blocks, stride;
};
constexpr BcStage bc_stages[] = {{2, 2, 1}, {3, 2, 2}, {4, 4, 2}, {5, 4, 1}};

class BcResNet : public WholeNetImpl {
 public:
  BcResNet(const ArchitectureSizes& s, const std::shared_ptr<Precision>& how)
      : spectrum_(register_module("spectrum", Spectrum(s.coefficients))) {
    const std::int64_t half = s.width / 2;
    const std::int64_t rest =
        s.coefficients / 8;  // bands that three strides of 2 leave: as many sub-bands throughout
    std::int64_t channels = 4 * half;
    first_ = register_module("first", Layer(LayerShape{.from = 1,
                                                       .to = channels,
                                                       .kernel = {5, 5},
                                                       .stride = {2, 1},
                                                       .padding = {2, 2},
                                                       .real = true},
                                            how));
    first_norm_ = register_module("first_norm", Norm(static_cast<int>(channels)));
    first_activation_ = register_module("first_activation", Activation(channels, *how));
    std::int64_t dilation = 1;
    for (const BcStage& stage : bc_stages) {
      for (int i = 0; i < stage.blocks; ++i) {
        const BroadcastBlockImpl::Shape shape{channels, half * stage.halves, i == 0 ? stage.stride : 1,
                                              dilation, rest};
        blocks_.push_back(
            register_module("block" + std::to_string(blocks_.size()), BroadcastBlock(shape, how, s.dropout)));
        channels = shape.to;
      }
      dilation *= 2;
    }
    const std::int64_t last = 8 * half;
    over_bands_ = register_module(
        "over_bands",
        Layer(
            LayerShape{
                .from = channels, .to = channels, .kernel = {rest, 5}, .padding = {0, 2}, .groups = channels},
            how));
    mix_ = register_module("mix", Layer(LayerShape{.from = channels, .to = last, .kernel = {1, 1}}, how));
    mix_norm_ = register_module("mix_norm", Norm(static_cast<int>(last)));
    mix_activation_ = register_module("mix_activation", Activation(last, *how));
    classifier_ = register_module(
        "classifier", Layer(LayerShape{.from = last, .to = s.labels, .bias = true, .real = true}, how));
    word_classifier_ = register_module("word_classifier", torch::nn::Linear(last, std::max(s.words, 1)));
  }
  void set_features(const FeatureParams& features) override { spectrum_->set_features(features); }
  std::pair<Tensor, Tensor> forward(const Tensor& features) override {
    Tensor x = spectrum_(features).unsqueeze(1);  // [B][1][bands][frames]
    x = first_activation_(first_norm_(first_(x)));
    for (BroadcastBlock& block : blocks_) {
      x = block(x);
    }
    x = mix_activation_(mix_norm_(mix_(over_bands_(x)))).flatten(2).mean(2);
    return {classifier_(x), word_classifier_(x)};
  }

 private:
  Spectrum spectrum_;
  Layer first_{nullptr}, over_bands_{nullptr}, mix_{nullptr}, classifier_{nullptr};
  Norm first_norm_{nullptr}, mix_norm_{nullptr};
  Activation first_activation_{nullptr}, mix_activation_{nullptr};
  std::vector<BroadcastBlock> blocks_;
  torch::nn::Linear word_classifier_{nullptr};
};

}  // namespace

std::shared_ptr<WholeNetImpl> make_bc_resnet(const ArchitectureSizes& sizes,
                                             const std::shared_ptr<Precision>& precision) {
  return std::make_shared<BcResNet>(sizes, precision);
}

}  // namespace kwsd::train
