#include "models/trainer/second/embedding.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "models/trainer/second/npy.h"

namespace kwsd::train {

using torch::Tensor;
namespace fn = torch::nn::functional;

namespace {

constexpr int fft_size = 512;
constexpr int frame_stride = 160;
constexpr int bands = 32;
constexpr double floor = -0.4;     // of every activation
constexpr double dynamic_db = 80;  // under the loudest value

struct Shape {
  int channels, time, mel, pool_time = 1, pool_mel = 1;
};
/// layers.txt.
constexpr std::array<Shape, 20> shapes{{{24, 3, 3}, {24, 1, 3}, {24, 3, 1, 2, 2}, {48, 1, 3},
                                        {48, 3, 1}, {48, 1, 3}, {48, 3, 1, 1, 2}, {72, 1, 3},
                                        {72, 3, 1}, {72, 1, 3}, {72, 3, 1, 2, 2}, {96, 1, 3},
                                        {96, 3, 1}, {96, 1, 3}, {96, 3, 1, 1, 2}, {96, 1, 3},
                                        {96, 3, 1}, {96, 1, 3}, {96, 3, 1, 2, 2}, {96, 3, 1}}};

Tensor activation(const Tensor& x) {
  return torch::leaky_relu(x, SpeechEmbedding::slope).clamp_min(floor);
}

}  // namespace

SpeechEmbedding::SpeechEmbedding(const std::filesystem::path& folder)
    : window_(load_npy(folder / "window.npy", {fft_size})),
      filters_(load_npy(folder / "mel_filters.npy", {fft_size / 2 + 1, bands})) {
  const Tensor first = load_npy(folder / "bn00.npy", {2, shapes[0].channels});
  first_scale_ = first[0].view({1, -1, 1, 1});
  first_shift_ = first[1].view({1, -1, 1, 1});
  std::int64_t in = 1;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Shape& s = shapes[i];
    EmbeddingLayer layer;
    layer.weight = load_npy(folder / fmt::format("conv{:02}_w.npy", i), {s.channels, in, s.time, s.mel});
    if (i > 0 && i + 1 < shapes.size()) {
      layer.bias = load_npy(folder / fmt::format("conv{:02}_b.npy", i), {s.channels});
    }
    layer.pad_mel = s.mel / 2;
    layer.pool_time = s.pool_time;
    layer.pool_mel = s.pool_mel;
    layers_.push_back(std::move(layer));
    in = s.channels;
  }
}

/// [B][1][frames][bands].
Tensor SpeechEmbedding::log_mel(const Tensor& samples) const {
  const Tensor frames = (samples * 32768.0).unfold(1, fft_size, frame_stride) * window_;
  const Tensor power = torch::fft::rfft(frames, fft_size).abs().square();
  const Tensor db = 10.0 * torch::log10(torch::matmul(power, filters_).clamp_min(1e-10));
  return (torch::maximum(db, db.amax({1, 2}, true) - dynamic_db) / 10.0 + 2.0).unsqueeze(1);
}

Tensor SpeechEmbedding::band_centres() const {
  const Tensor hz = torch::arange(filters_.size(0)) * (16000.0 / fft_size);
  return torch::matmul(hz, filters_) / filters_.sum(0).clamp_min(1e-9);
}

/// visit(layer, values before pooling and activation, the same after the pooling) for layers 0 .. last.
template <class Visit>
void SpeechEmbedding::run(const Tensor& samples, std::size_t last, Visit&& visit) const {
  torch::NoGradGuard no_grad;
  Tensor x = log_mel(samples);
  for (std::size_t i = 0; i <= last; ++i) {
    const EmbeddingLayer& layer = layers_[i];
    if (layer.pad_mel > 0) {
      x = fn::pad(x, fn::PadFuncOptions({layer.pad_mel, layer.pad_mel, 0, 0}));
    }
    const Tensor out = torch::conv2d(x, layer.weight, layer.bias);
    const Tensor before = i == 0 ? torch::relu(out) * first_scale_ + first_shift_ : out;
    const bool pools = layer.pool_time * layer.pool_mel > 1;
    const Tensor pooled = pools ? torch::max_pool2d(before, {layer.pool_time, layer.pool_mel}) : before;
    visit(i, before, pooled);
    x = activation(pooled);
  }
}

std::vector<Tensor> SpeechEmbedding::outputs(const Tensor& samples,
                                             const std::vector<std::size_t>& layers) const {
  std::vector<Tensor> out(layers.size());
  run(samples, *std::max_element(layers.begin(), layers.end()),
      [&](std::size_t i, const Tensor& /*before*/, const Tensor& pooled) {
        for (std::size_t n = 0; n < layers.size(); ++n) {
          out[n] = layers[n] == i ? pooled : out[n];
        }
      });
  return out;
}

std::vector<SpeechEmbedding::Moments> SpeechEmbedding::moments(const Tensor& samples) const {
  std::vector<Moments> out(layers_.size());
  run(samples, layers_.size() - 1, [&](std::size_t i, const Tensor& before, const Tensor& /*pooled*/) {
    out[i] = {before.mean(torch::IntArrayRef{0, 2, 3}),
              before.std(torch::IntArrayRef{0, 2, 3}, false, false).clamp_min(1e-3)};
  });
  return out;
}

}  // namespace kwsd::train
