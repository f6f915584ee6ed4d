#include "models/trainer/second/transfer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "engine/features/frames.h"
#include "engine/model/error.h"

namespace kwsd::train {

using torch::Tensor;

namespace {

/// Convolution i of the student's trunk is that of the embedding after it: the stem has one fewer.
constexpr std::size_t first_of_trunk = 3, last_of_trunk = 19;  // in the embedding
constexpr std::size_t student_of(std::size_t layer) {
  return layer - 1;
}
/// The middle of what the student's stem sees, 136 ms, lies so much further back than that of the
/// embedding's 75.
constexpr double lag_samples = 480;
constexpr int stem_frames = 5;
/// PReLU that comes nearest to a leaky ReLU of 0.2 with a floor at -0.4: after all layers, 0.08 and 0.12
/// leave 0.11 and 0.12 of the variance of the embedding's vectors (models/README.md).
constexpr double start_slope = 0.1;

/// x [B][C][T][F], whose t-th value belongs to time first + t · stride, at the given times, by linear
/// interpolation; all times lie within.
Tensor at_times(const Tensor& x, double first, double stride, const std::vector<double>& times) {
  std::vector<std::int64_t> before;
  std::vector<float> share;
  for (const double time : times) {
    const double place = (time - first) / stride;
    const auto index = std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, x.size(2) - 2);
    before.push_back(index);
    share.push_back(static_cast<float>(place - static_cast<double>(index)));
  }
  const Tensor index = torch::tensor(before, torch::kInt64);
  const Tensor part = torch::tensor(share).view({1, 1, -1, 1});
  return x.index_select(2, index) * (1 - part) + x.index_select(2, index + 1) * part;
}

/// Times first, first + stride ... of `count` values that lie within [low, high]; the index of the first.
struct Times {
  std::vector<double> times;
  std::int64_t from = 0;
};
Times within(double first, double stride, std::int64_t count, double low, double high) {
  Times out;
  for (std::int64_t i = 0; i < count; ++i) {
    const double time = first + static_cast<double>(i) * stride;
    if (time >= low && time <= high) {
      out.from = out.times.empty() ? i : out.from;
      out.times.push_back(time);
    }
  }
  return out;
}

/// Linear interpolation from the mel bands of the features to those of the embedding: [32][32].
Tensor to_bands(const Tensor& centres_hz, const FeatureParams& f) {
  const auto mel = [](double hz) { return 2595.0 * std::log10(1.0 + hz / 700.0); };
  const double low = mel(f.mel_low_hz);
  const double width = (mel(f.mel_high_hz) - low) / (f.mel_bands + 1);
  Tensor out = torch::zeros({centres_hz.size(0), f.mel_bands});
  for (std::int64_t k = 0; k < centres_hz.size(0); ++k) {
    const double place = (mel(centres_hz[k].item<double>()) - low) / width - 1;
    const auto below = std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, f.mel_bands - 2);
    const double share = std::clamp(place - static_cast<double>(below), 0.0, 1.0);
    out[k][below] = 1 - share;
    out[k][below + 1] = share;
  }
  return out;
}

/// What is left of the target's variance, mean over the channels.
Tensor left_over(const Tensor& found, const Tensor& target) {
  const Tensor here = target.to(found.device());
  const Tensor error = (found - here).square().mean(torch::IntArrayRef{0, 2, 3});
  const Tensor variance = here.var(torch::IntArrayRef{0, 2, 3}, false, false).clamp_min(1e-3);
  return (error / variance).mean();
}

}  // namespace

std::vector<ConvShape> second_convs(const SecondWidths& w) {
  // channels, time, stride in time, stride in mel, mel
  std::vector<ConvShape> convs{{2 * w[0], 3, 1, 2, 5}, {w[0], 3, 1, 1, 3}};
  const auto quadruple = [&convs](int channels) {
    for (int i = 0; i < 2; ++i) {
      convs.push_back({channels, 1, 1, 1, 3});
      convs.push_back({channels, 3, 1, 1, 1});
    }
  };
  const auto pool = [&convs](int time, int stride) {
    convs.back().pool_time = time;
    convs.back().pool_stride = stride;
    convs.back().pool_freq = 2;
  };
  quadruple(w[1]);
  pool(1, 1);
  quadruple(w[2]);
  pool(2, 2);
  quadruple(w[3]);
  pool(1, 1);
  quadruple(w[3]);
  pool(2, 1);
  convs.push_back({SpeechEmbedding::channels, 5, 1, 1, 1});
  convs.push_back({w[4], 5, 1, 1, 1});
  return convs;
}

EmbeddingTeacher::EmbeddingTeacher(const std::filesystem::path& folder, const NetOptions& net,
                                   const FeatureParams& features, const Tensor& samples)
    : embedding_(folder), features_(features), moments_(embedding_.moments(samples)) {
  if (net.coefficients != 32 || !net.spectrum || net.convs.size() < student_of(last_of_trunk) + 1 ||
      net.convs != second_convs({net.convs[1].channels, net.convs[2].channels, net.convs[6].channels,
                                 net.convs[10].channels, net.convs.back().channels})) {
    throw Error(ErrorKind::usage, "--embedding: the net has other convs, expected those of train-second");
  }
  const auto& layers = embedding_.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const SpeechEmbedding::Moments& m = moments_[i];
    const auto all = m.mean.size(0);
    const std::int64_t wanted =
        i + 1 < first_of_trunk ? all : net.convs[student_of(std::max(i, first_of_trunk - 1))].channels;
    Tensor importance = m.deviation;
    if (i + 1 < layers.size()) {
      importance = importance * layers[i + 1].weight.square().sum(torch::IntArrayRef{0, 2, 3}).sqrt();
    }
    chosen_.push_back(std::get<0>(std::get<1>(importance.topk(std::min(wanted, all))).sort()));
    const Tensor power = (m.mean.square() + m.deviation.square()).index_select(0, chosen_.back());
    scale_.push_back(std::max(1e-3, power.mean().sqrt().item<double>()));
  }
}

void EmbeddingTeacher::start(NetImpl& net) const {
  torch::NoGradGuard no_grad;
  net.spectrum.copy_(torch::matmul(to_bands(embedding_.band_centres(), features_), net.spectrum));
  const auto& layers = embedding_.layers();
  const auto set_norm = [&](std::size_t layer) {
    const std::size_t i = student_of(layer);
    const auto& m = moments_[layer];
    net.front_norms[i]->gain.copy_(m.deviation.index_select(0, chosen_[layer]) / scale_[layer]);
    net.front_norms[i]->bias.copy_(m.mean.index_select(0, chosen_[layer]) / scale_[layer]);
    net.front_slopes[i]->slope.fill_(start_slope);
  };
  set_norm(first_of_trunk - 1);
  for (std::size_t layer = first_of_trunk; layer <= last_of_trunk; ++layer) {
    const Tensor narrow =
        layers[layer].weight.index_select(0, chosen_[layer]).index_select(1, chosen_[layer - 1]);
    Tensor& mine = net.convs[student_of(layer)];
    mine.zero_();  // the last one has steps of half the distance: every second tap
    mine.slice(2, 0, mine.size(2), layer == last_of_trunk ? 2 : 1).copy_(narrow);
    set_norm(layer);
  }
}

Tensor EmbeddingTeacher::wanted(const Tensor& output, std::size_t layer) const {
  return output.index_select(1, chosen_[layer]) / scale_[layer];
}

Tensor EmbeddingTeacher::stem_loss(const ConvTap& stem, const Tensor& samples, std::int64_t frames) const {
  const std::size_t layer = first_of_trunk - 1;
  const Tensor target = wanted(embedding_.outputs(samples, {layer})[0], layer);  // [B][C][20 ms][16]
  // Row r of the stem ends with frame r + stem_frames - 1 of the features, which begin with copies.
  const Tensor found = stem.output.slice(0, 0, samples.size(0));
  const double hop = features_.hop_samples;
  const auto real =
      static_cast<std::int64_t>(frames_in(features_, static_cast<std::size_t>(samples.size(1))));
  const std::int64_t copies = frames - real;
  const double first =
      features_.frame_samples + static_cast<double>(stem_frames - 1 - copies) * hop - lag_samples;
  const double last = SpeechEmbedding::stem_window_samples +
                      static_cast<double>((target.size(2) - 1) * SpeechEmbedding::stem_stride_samples);
  const Times at = within(first, hop, found.size(2), SpeechEmbedding::stem_window_samples, last);
  return left_over(
      found.slice(2, at.from, at.from + static_cast<std::int64_t>(at.times.size())),
      at_times(target, SpeechEmbedding::stem_window_samples, SpeechEmbedding::stem_stride_samples, at.times));
}

Tensor EmbeddingTeacher::vector_loss(const ConvTap& vectors, const Tensor& samples,
                                     std::int64_t steps) const {
  const Tensor target = wanted(embedding_.outputs(samples, {last_of_trunk})[0], last_of_trunk);
  const Tensor found = vectors.output.slice(0, 0, samples.size(0));
  // As many steps as the loss has, and those before the first that the last conv looks back on.
  const double stride = 2.0 * features_.hop_samples;
  const double last = features_.frame_samples - lag_samples + static_cast<double>(steps - 1) * stride;
  const double first = last - static_cast<double>(found.size(2) - 1) * stride;
  const Times at = within(SpeechEmbedding::window_samples, SpeechEmbedding::stride_samples, target.size(2),
                          std::max(first, 0.0), last);
  return left_over(at_times(found, first, stride, at.times),
                   target.slice(2, at.from, at.from + static_cast<std::int64_t>(at.times.size())));
}

}  // namespace kwsd::train
