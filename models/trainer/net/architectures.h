// The networks that the paper compares D-FSMN with (Table 3), in full precision and binarized: as their own
// papers have them, over the log-mel spectrum, Audiomer over samples. Only trained and measured: no model
// file holds them. `kwsd-train describe` prints their sizes; architectures_test.cpp compares them with their
// papers'. Thread: one.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <utility>

#include "engine/features/feature_params.h"
#include "models/trainer/net/layers.h"

namespace kwsd::train {

/// A net without branches and blocks: input in, logits out.
class WholeNetImpl : public torch::nn::Module {
 public:
  /// features: [B][frames][coefficients], quantized; or samples in [-1, 1], [B][1][samples]. Logits of the
  /// labels [B][labels], and of the words [B][words].
  virtual std::pair<torch::Tensor, torch::Tensor> forward(const torch::Tensor& features) = 0;
  /// Before training: sets the features from which the net computes its spectrum.
  virtual void set_features(const FeatureParams&) {}
};

/// Sizes of an architecture. width: channels of its first layer, and with them all others.
struct ArchitectureSizes {
  int frames = 41, coefficients = 32;
  int width = 0;
  int blocks = 8;  ///< FSMN: hidden layers with a memory
  int labels = 12, words = 36;
  double dropout = 0.1;
};

/// What turns quantized MFCC back into a log-mel spectrum, up to a constant per band, and normalizes its
/// bands.
struct SpectrumImpl : torch::nn::Module {
  explicit SpectrumImpl(int coefficients);
  void set_features(const FeatureParams& features);
  /// [B][frames][coefficients] -> [B][bands][frames].
  torch::Tensor forward(const torch::Tensor& features);

  torch::Tensor matrix;          // [coefficients][bands]
  torch::Tensor mean, variance;  // [bands]
};
TORCH_MODULE(Spectrum);

/// FSMN, Zhang et al. 2015 (arXiv 1512.08301), section 3: h' = f(W h + W~ m + b), m_t = sum of a_i * h_{t-i}
/// (i 0..3) and of c_j * h_{t+j} (j 1..3), a coefficient per unit. `width` hidden units (128), batch norm for
/// b.
[[nodiscard]] std::shared_ptr<WholeNetImpl> make_plain_fsmn(const ArchitectureSizes& sizes,
                                                            const std::shared_ptr<Precision>& precision);
/// VGG19, Simonyan and Zisserman 2014 (arXiv 1409.1556), configuration E with batch norm; one linear layer in
/// place of three, since 32 x 32 values are one pixel after five poolings. `width`: 64.
[[nodiscard]] std::shared_ptr<WholeNetImpl> make_vgg19(const ArchitectureSizes& sizes,
                                                       const std::shared_ptr<Precision>& precision);
/// BC-ResNet, Kim et al. 2021 (arXiv 2106.04140), Table 1. `width`: 8 tau, even; 8 is BC-ResNet-1, 64
/// BC-ResNet-8.
[[nodiscard]] std::shared_ptr<WholeNetImpl> make_bc_resnet(const ArchitectureSizes& sizes,
                                                           const std::shared_ptr<Precision>& precision);
/// Audiomer-S, Sahu et al. 2021 (arXiv 2109.10252): blocks of separable convs and linear (FAVOR+) attention
/// over samples, halved in rate first. `width`: 4; the size of a head is eight times as much.
[[nodiscard]] std::shared_ptr<WholeNetImpl> make_audiomer(const ArchitectureSizes& sizes,
                                                          const std::shared_ptr<Precision>& precision);

}  // namespace kwsd::train
