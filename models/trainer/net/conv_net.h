// A residual 2-D conv net over the log-mel spectrum, in full precision: a teacher that generalizes better
// from few recordings than the FSMN does, too large for the daemon. Thread: one.
#pragma once

#include <torch/torch.h>

#include <utility>

#include "engine/features/feature_params.h"
#include "models/trainer/net/architectures.h"
#include "models/trainer/net/norm.h"

namespace kwsd::train {

struct ConvNetSizes {
  int coefficients = 32, channels = 16, labels = 12, words = 36;
  double dropout = 0.1;
};

/// What turns quantized MFCC back into a log-mel spectrum, up to a constant per band (the DCT undone):
/// [bands][coefficients].
[[nodiscard]] torch::Tensor inverse_dct(const FeatureParams& features);

struct ConvNetImpl : WholeNetImpl {
  ConvNetImpl(const ConvNetSizes& sizes, const std::shared_ptr<Precision>& precision);
  /// Before training: sets the features from which the net computes its spectrum.
  void set_features(const FeatureParams& features) override;
  /// features: [B][frames][coefficients], quantized. Logits of the labels [B][labels], and of the words
  /// [B][words].
  std::pair<torch::Tensor, torch::Tensor> forward(const torch::Tensor& features) override;

  torch::Tensor spectrum;  // [coefficients][bands]
  Norm bands{nullptr};
  torch::nn::Sequential trunk;
  Layer classifier{nullptr};
  torch::nn::Linear word_classifier{nullptr};
  double dropout;
};
TORCH_MODULE(ConvNet);

}  // namespace kwsd::train
