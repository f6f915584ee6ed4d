#include "models/trainer/net/hard_windows.h"

#include <algorithm>
#include <array>

#include "engine/features/mfcc.h"
#include "models/trainer/data/effects.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

constexpr double looked_at = 0.25;       // of the stretches
constexpr std::int64_t step_frames = 4;  // from one window to the next
constexpr std::int64_t at_once = 256;    // windows

/// A stretch at a random level, perhaps under noise.
std::vector<float> heard(const Stretch& stretch, const std::vector<Stretch>& noises, Random& random) {
  std::vector<float> samples(stretch.samples.size());
  add_resampled(stretch.samples, 0, 1.0, from_db(random.uniform(-15, 5)), samples);
  if (!noises.empty() && random.chance(0.5)) {
    const Stretch& noise = noises[random.below(noises.size())];
    std::vector<float> added(samples.size(), 0.0F);
    for (std::size_t at = 0; at < added.size(); at += noise.samples.size()) {
      add_resampled(noise.samples, 0, 1.0, 1.0F, std::span(added).subspan(at));
    }
    const float level = rms(added);
    const float gain = level > 0 ? rms(samples) * from_db(-random.uniform(5, 20)) / level : 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] += gain * added[i];
    }
  }
  return samples;
}

/// Quantized MFCC: [frames][coefficients].
Tensor frames_of(Mfcc& mfcc, std::span<const float> samples) {
  const FeatureParams& p = mfcc.params();
  const std::size_t count =
      samples.size() < p.frame_samples ? 0 : (samples.size() - p.frame_samples) / p.hop_samples + 1;
  std::vector<std::int8_t> all(count * p.coefficients);
  for (std::size_t f = 0; f < count; ++f) {
    mfcc.compute_quantized(samples.subspan(f * p.hop_samples, p.frame_samples),
                           std::span(all).subspan(f * p.coefficients, p.coefficients));
  }
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count),
                                          static_cast<std::int64_t>(p.coefficients)};
  return torch::from_blob(all.data(), shape, torch::kInt8).to(torch::kFloat32);
}

/// Highest posterior of a keyword in any branch: [windows].
Tensor keyword_posterior(NetImpl& net, const Tensor& windows) {
  Tensor highest;
  const auto keywords = net.options.labels - 2;  // unknown and silence come last
  for (const BranchOutput& branch : net.forward(windows, net.options.branches())) {
    const Tensor one = torch::softmax(branch.logits, 1).narrow(1, 0, keywords).amax(1);
    highest = highest.defined() ? torch::maximum(highest, one) : one;
  }
  return highest.cpu();
}

}  // namespace

std::vector<HardWindow> find_hard_windows(NetImpl& net, const FeatureParams& features, const Dataset& dataset,
                                          Random& random) {
  torch::NoGradGuard no_grad;
  const bool training = net.is_training();
  net.eval();
  const torch::Device device = net.parameters().front().device();
  Mfcc mfcc(features);
  std::vector<HardWindow> hard;
  const auto& speech = dataset.speech(Split::train);
  for (std::size_t s = 0; s < speech.size(); ++s) {
    if (!random.chance(looked_at)) {
      continue;
    }
    const Tensor frames = frames_of(mfcc, heard(speech[s], dataset.noise(Split::train), random));
    if (frames.size(0) < net.options.frames()) {
      continue;
    }
    const Tensor windows =
        frames.unfold(0, net.options.frames(), step_frames).transpose(1, 2);  // [N][frames][c]
    for (std::int64_t first = 0; first < windows.size(0); first += at_once) {
      const std::int64_t count = std::min(at_once, windows.size(0) - first);
      const Tensor found = keyword_posterior(net, windows.narrow(0, first, count).contiguous().to(device));
      for (std::int64_t i = 0; i < count; ++i) {
        if (found[i].item<double>() >= hard_posterior) {
          hard.push_back({s, static_cast<std::size_t>((first + i) * step_frames) * features.hop_samples});
        }
      }
    }
  }
  net.train(training);
  return hard;
}

}  // namespace kwsd::train
