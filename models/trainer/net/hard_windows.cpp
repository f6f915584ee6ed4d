#include "models/trainer/net/hard_windows.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "app/base/parallel.h"
#include "engine/features/frames.h"
#include "engine/features/mfcc.h"
#include "models/trainer/data/effects.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

constexpr double looked_at = 0.25;           // of the stretches
constexpr double runs_looked_at = 0.1;       // of the file of negatives
constexpr std::int64_t step_frames = 4;      // from one window to the next
constexpr std::int64_t position_frames = 8;  // the same in the file of negatives
constexpr std::int64_t at_once = 256;        // windows
constexpr std::size_t sounds_at_once = 64;   // held in memory
constexpr std::int64_t margin = 3200;        // samples on each side of a window

std::vector<float> repeated(const Stretch& stretch, std::size_t size) {
  std::vector<float> samples(size, 0.0F);
  for (std::size_t at = 0; at < size; at += stretch.samples.size()) {
    add_resampled(stretch.samples, 0, 1.0, 1.0F, std::span(samples).subspan(at));
  }
  return samples;
}

/// Speech at a random level, perhaps under noise.
std::vector<float> heard(const Stretch& stretch, const std::vector<Stretch>& noises, Random& random) {
  std::vector<float> samples = repeated(stretch, stretch.samples.size());
  scale(samples, from_db(random.uniform(-15, 5)));
  if (!noises.empty() && random.chance(0.5)) {
    std::vector<float> noise = repeated(noises[random.below(noises.size())], samples.size());
    set_level(noise, rms(samples) * from_db(-random.uniform(0, 20)));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] += noise[i];
    }
  }
  return samples;
}

/// Noise at a random level.
std::vector<float> heard(const Stretch& noise, Random& random) {
  std::vector<float> samples = repeated(noise, noise.samples.size());
  set_level(samples, from_db(random.uniform(-60, -15)));
  return samples;
}

/// Quantized MFCC: [frames · coefficients].
std::vector<std::int8_t> frames_of(Mfcc& mfcc, std::span<const float> samples) {
  const FeatureParams& p = mfcc.params();
  std::vector<std::int8_t> all(frames_in(p, samples.size()) * p.coefficients);
  for_each_frame(p, samples, [&](std::size_t f, std::span<const float> frame) {
    mfcc.compute_quantized(frame, std::span(all).subspan(f * p.coefficients, p.coefficients));
  });
  return all;
}

/// An item to search: a stretch, with random numbers of its own for its augmentation.
struct Pick {
  const Stretch* stretch;
  bool noise;
  Random random;
};

/// The augmented stretch, and its features.
struct Sound {
  std::vector<float> samples;
  std::vector<std::int8_t> frames;
  bool noise = false;
};

/// A random quarter of the stretches.
std::vector<Pick> draw_picks(const Dataset& dataset, Random& random) {
  std::vector<Pick> picks;
  const auto draw = [&](const std::vector<Stretch>& stretches, bool noise) {
    for (const Stretch& stretch : stretches) {
      if (random.chance(looked_at)) {
        picks.push_back({&stretch, noise, Random(random.next())});
      }
    }
  };
  draw(dataset.speech(Split::train), false);
  draw(dataset.noise(Split::train), true);
  return picks;
}

std::vector<Sound> sounds_of(std::span<Pick> picks, const FeatureParams& features,
                             const std::vector<Stretch>& noises, unsigned threads) {
  std::vector<Sound> sounds(picks.size());
  parallel_for_each_thread(picks.size(), threads, [&] {
    return [&, mfcc = Mfcc(features)](std::size_t i) mutable {
      Pick& pick = picks[i];
      sounds[i].noise = pick.noise;
      sounds[i].samples =
          pick.noise ? heard(*pick.stretch, pick.random) : heard(*pick.stretch, noises, pick.random);
      sounds[i].frames = frames_of(mfcc, sounds[i].samples);
    };
  });
  return sounds;
}

/// Posterior of all keywords together, the highest of any branch: [windows].
Tensor keyword_posterior(NetImpl& net, const Tensor& windows) {
  Tensor highest;
  const auto keywords = net.options.labels - 2;  // unknown and silence come last
  for (const BranchOutput& branch : net.forward(windows, net.options.branches())) {
    const Tensor one = torch::softmax(branch.logits, 1).narrow(1, 0, keywords).sum(1);
    highest = highest.defined() ? torch::maximum(highest, one) : one;
  }
  return highest.cpu();
}

/// Samples [begin, begin + size); zeros where there are none.
std::vector<std::int16_t> cut(std::span<const float> samples, std::int64_t begin, std::int64_t size) {
  const std::int64_t first = std::max<std::int64_t>(begin, 0);
  const std::int64_t last = std::min(begin + size, static_cast<std::int64_t>(samples.size()));
  const std::vector<std::int16_t> pcm =
      to_pcm16(samples.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)));
  std::vector<std::int16_t> out(static_cast<std::size_t>(size), 0);
  std::copy(pcm.begin(), pcm.end(), out.begin() + (first - begin));
  return out;
}

class Search {
 public:
  Search(NetImpl& net, const FeatureParams& features, Random& random)
      : net_(net), device_(net.parameters().front().device()), features_(features), random_(random) {}

  void look(const Sound& sound) {
    const Tensor frames = torch::tensor(at::ArrayRef<std::int8_t>(sound.frames), torch::kFloat32)
                              .view({-1, static_cast<std::int64_t>(features_.coefficients)});
    if (frames.size(0) < net_.options.frames()) {
      return;
    }
    const Tensor windows =
        frames.unfold(0, net_.options.frames(), step_frames).transpose(1, 2);  // [N][frames][c]
    for (std::int64_t first = 0; first < windows.size(0); first += at_once) {
      const std::int64_t count = std::min(at_once, windows.size(0) - first);
      const Tensor found = keyword_posterior(net_, windows.narrow(0, first, count).contiguous().to(device_));
      for (std::int64_t i = 0; i < count; ++i) {
        if (found[i].item<double>() >= hard_posterior) {
          keep(sound, first + i);
        }
      }
    }
  }
  std::vector<HardWindow> take() { return std::move(hard_); }

 private:
  void keep(const Sound& sound, std::int64_t number) {
    std::size_t place = hard_.size();
    if (++found_ > hard_windows_most) {
      place = random_.below(found_);
    } else {
      hard_.emplace_back();
    }
    if (place < hard_.size()) {
      const std::int64_t hop = features_.hop_samples;
      const std::int64_t window = (net_.options.frames() - 1) * hop + features_.frame_samples;
      hard_[place] = {cut(sound.samples, number * step_frames * hop - margin, window + 2 * margin),
                      sound.noise};
    }
  }

  NetImpl& net_;
  torch::Device device_;
  const FeatureParams& features_;
  Random& random_;
  std::vector<HardWindow> hard_;
  std::size_t found_ = 0;
};

}  // namespace

std::vector<HardWindow> find_hard_windows(NetImpl& net, const FeatureParams& features, const Dataset& dataset,
                                          Random& random, unsigned threads) {
  torch::NoGradGuard no_grad;
  const bool training = net.is_training();
  net.eval();
  std::vector<Pick> picks = draw_picks(dataset, random);
  Search search(net, features, random);
  for (std::size_t first = 0; first < picks.size(); first += sounds_at_once) {
    const auto some = std::span(picks).subspan(first, std::min(sounds_at_once, picks.size() - first));
    for (const Sound& sound : sounds_of(some, features, dataset.noise(Split::train), threads)) {
      search.look(sound);
    }
  }
  net.train(training);
  return search.take();
}

std::vector<NegativePosition> find_hard_negatives(NetImpl& net, const NegativeWindows& negatives,
                                                  Random& random) {
  torch::NoGradGuard no_grad;
  const bool training = net.is_training();
  net.eval();
  const torch::Device device = net.parameters().front().device();
  const auto frames = static_cast<std::int64_t>(net.options.frames());
  const auto width = static_cast<std::int64_t>(net.options.coefficients);
  std::vector<NegativePosition> all;
  for (std::size_t run = 0; run < negatives.runs(); ++run) {
    if (random.chance(runs_looked_at)) {
      const std::vector<NegativePosition> some = negatives.positions(run, position_frames);
      all.insert(all.end(), some.begin(), some.end());
    }
  }
  std::vector<std::pair<double, std::size_t>> found;  // posterior, place in `all`
  for (std::size_t first = 0; first < all.size(); first += static_cast<std::size_t>(at_once)) {
    const std::size_t count = std::min(static_cast<std::size_t>(at_once), all.size() - first);
    Tensor windows = torch::empty({static_cast<std::int64_t>(count), frames, width});
    const auto values = static_cast<std::size_t>(frames * width);
    for (std::size_t i = 0; i < count; ++i) {
      negatives.window(all[first + i], std::span(windows.data_ptr<float>() + i * values, values));
    }
    const Tensor posterior = keyword_posterior(net, windows.to(device));
    for (std::size_t i = 0; i < count; ++i) {
      const double value = posterior[static_cast<std::int64_t>(i)].item<double>();
      if (value >= least_posterior) {
        found.emplace_back(value, first + i);
      }
    }
  }
  net.train(training);
  std::sort(found.begin(), found.end(), std::greater<>());
  found.resize(std::min(found.size(), hard_positions_most));
  std::vector<NegativePosition> hard;
  for (const auto& [posterior, place] : found) {
    hard.push_back(all[place]);
  }
  return hard;
}

}  // namespace kwsd::train
