// Google's "speech embedding" (Lin et al. 2020, arXiv 2002.01322): a vector of 96 values every 80 ms of
// sound, in full precision, read from a folder of .npy files (layers.txt there lists the layers). A teacher
// of second stages; the daemon does not run it. Thread: one.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <vector>

namespace kwsd::train {

/// One convolution of the embedding.
struct EmbeddingLayer {
  torch::Tensor weight;  ///< [out][in][time][mel]
  torch::Tensor bias;    ///< [out], or undefined
  int pad_mel = 0;
  int pool_time = 1, pool_mel = 1;  ///< of the maximum that follows, 1: none
};

class SpeechEmbedding {
 public:
  /// Samples between two vectors, and from the first sample that a vector depends on to the last (the frames'
  /// windows end 56 samples before the frames do).
  static constexpr int stride_samples = 8 * 160, window_samples = 75 * 160 + 456;
  /// The same after the first pooling (stem_layers convolutions).
  static constexpr int stem_layers = 3, stem_stride_samples = 2 * 160, stem_window_samples = 5 * 160 + 456;
  static constexpr int channels = 96;

  /// Throws Error (no_input, bad_data): the file, what was found and what was expected.
  explicit SpeechEmbedding(const std::filesystem::path& folder);

  /// The values before the activation, after the maximum of the pooling (which commutes with it), of each
  /// layer named: [B][channels][time][mel]. samples: [B][n] within [-1, 1].
  [[nodiscard]] std::vector<torch::Tensor> outputs(const torch::Tensor& samples,
                                                   const std::vector<std::size_t>& layers) const;
  /// Mean and standard deviation over everything of the values before activation and pooling, per layer:
  /// (channels) each.
  struct Moments {
    torch::Tensor mean, deviation;
  };
  [[nodiscard]] std::vector<Moments> moments(const torch::Tensor& samples) const;

  [[nodiscard]] const std::vector<EmbeddingLayer>& layers() const noexcept { return layers_; }
  /// Centres of the 32 mel bands, Hz.
  [[nodiscard]] torch::Tensor band_centres() const;
  /// Slope of the leaky ReLU.
  static constexpr double slope = 0.2;

 private:
  [[nodiscard]] torch::Tensor log_mel(const torch::Tensor& samples) const;
  template <class Visit>
  void run(const torch::Tensor& samples, std::size_t last, Visit&& visit) const;

  torch::Tensor window_, filters_;           // [512], [257][32]
  torch::Tensor first_scale_, first_shift_;  // after the first convolution's ReLU
  std::vector<EmbeddingLayer> layers_;
};

}  // namespace kwsd::train
