// A second stage that starts from the numbers of SpeechEmbedding, and learns from its vectors: a net over
// MFCC, narrower, with other steps. Its first convolutions (the stem) learn to yield what the embedding's
// yield; the others (the trunk) start as the embedding's, with the channels that matter most. Thread: one.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <vector>

#include "models/trainer/net/network.h"
#include "models/trainer/second/embedding.h"

namespace kwsd::train {

/// Channels of the stem, of the trunk at 16, 8 and 4 bands, and after the last conv; the embedding's come
/// first.
using SecondWidths = std::array<int, 5>;
inline constexpr SecondWidths second_widths{24, 48, 72, 96, 64};

/// The convolutions of a second stage: 2 of the stem, 17 of the trunk, 1 over 240 ms of vectors.
[[nodiscard]] std::vector<ConvShape> second_convs(const SecondWidths& widths);

class EmbeddingTeacher {
 public:
  /// samples: [B][n], sound like that of the training, whose moments put the layers to scale. Throws Error
  /// (usage) where the net has not the shape of second_convs.
  EmbeddingTeacher(const std::filesystem::path& folder, const NetOptions& net, const FeatureParams& features,
                   const torch::Tensor& samples);

  /// Starts the trunk of a net from the embedding.
  void start(NetImpl& net) const;
  /// Mean over channels of the squared difference as a share of the variance: of the stem, and of the
  /// vectors; 0 is right, 1 as good as the mean. samples: [n][samples], of the first n streams that the net
  /// saw, as `frames` frames (with those before the first step) that yield `steps` steps.
  [[nodiscard]] torch::Tensor stem_loss(const ConvTap& stem, const torch::Tensor& samples,
                                        std::int64_t frames) const;
  [[nodiscard]] torch::Tensor vector_loss(const ConvTap& vectors, const torch::Tensor& samples,
                                          std::int64_t steps) const;
  /// The taps that these two take.
  [[nodiscard]] static ConvTap stem_tap() { return {.conv = 1, .output = {}}; }
  [[nodiscard]] static ConvTap vector_tap() { return {.conv = 18, .output = {}}; }

 private:
  /// Values of a layer as the student has them: the chosen channels, divided by the layer's scale.
  [[nodiscard]] torch::Tensor wanted(const torch::Tensor& output, std::size_t layer) const;

  SpeechEmbedding embedding_;
  FeatureParams features_;
  std::vector<SpeechEmbedding::Moments> moments_;
  std::vector<torch::Tensor> chosen_;  // per layer of the embedding: indices of the channels
  std::vector<double> scale_;          // per layer
};

}  // namespace kwsd::train
