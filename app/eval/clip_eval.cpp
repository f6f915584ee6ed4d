#include "app/eval/clip_eval.h"

#include <algorithm>
#include <numeric>

#include "app/base/parallel.h"
#include "engine/audio/fit_window.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"

namespace kwsd {

std::int64_t Confusion::clips(int said) const noexcept {
  const auto row = counts_.begin() + static_cast<std::ptrdiff_t>(index(said, 0));
  return std::accumulate(row, row + static_cast<std::ptrdiff_t>(labels_), std::int64_t{0});
}

double Confusion::accuracy() const noexcept {
  std::int64_t right = 0;
  std::int64_t all = 0;
  for (int label = 0; label < static_cast<int>(labels_); ++label) {
    right += count(label, label);
    all += clips(label);
  }
  return all == 0 ? 0 : static_cast<double>(right) / static_cast<double>(all);
}

std::optional<double> Confusion::recall(int said) const noexcept {
  const std::int64_t all = clips(said);
  return all == 0 ? std::nullopt
                  : std::optional(static_cast<double>(count(said, said)) / static_cast<double>(all));
}

struct WindowClassifier::Impl {
  explicit Impl(const Network& network)
      : model(network.model()),
        mfcc(model.features),
        stream(network),
        window(static_cast<std::size_t>(model.window_samples())),
        frame(model.features.coefficients),
        posteriors(model.labels.size()) {}

  const Model& model;
  Mfcc mfcc;
  Stream stream;
  std::vector<float> window;       // (window_samples)
  std::vector<std::int8_t> frame;  // (coefficients)
  std::vector<float> posteriors;   // (labels)
};

WindowClassifier::WindowClassifier(const Network& network) : impl_(std::make_unique<Impl>(network)) {}
WindowClassifier::~WindowClassifier() = default;

HeardLabels WindowClassifier::classify(std::span<const float> clip) {
  Impl& s = *impl_;
  fit_window(clip, std::span<float>(s.window));
  s.stream.reset();
  const std::size_t frame_samples = s.model.features.frame_samples;
  for (std::size_t at = 0; at + frame_samples <= s.window.size(); at += s.model.features.hop_samples) {
    s.mfcc.compute_quantized(std::span<const float>(s.window).subspan(at, frame_samples), s.frame);
    s.stream.push_frame(s.frame);
  }
  HeardLabels heard{};
  for (int branch = 0; branch < branch_count; ++branch) {
    s.stream.classify(static_cast<BranchId>(branch), s.posteriors);
    const auto top = std::max_element(s.posteriors.begin(), s.posteriors.end());
    heard[static_cast<std::size_t>(branch)] = {static_cast<int>(top - s.posteriors.begin()), *top};
  }
  return heard;
}

ClipEvaluation evaluate_clips(const Network& network, std::span<const ClipFile> clips,
                              const SoundLoader& load, unsigned threads,
                              const std::function<void()>& on_clip) {
  struct Outcome {
    HeardLabels heard{};
    std::string reason;  // why it was skipped; empty: it was not
  };
  std::vector<Outcome> outcomes(clips.size());
  parallel_for_each_thread(clips.size(), threads, [&] {
    return [&, classifier = std::make_shared<WindowClassifier>(network)](std::size_t i) {
      try {
        const std::vector<float> samples = load(clips[i].path);
        if (samples.empty()) {
          outcomes[i].reason = "it holds no sound";
        } else {
          outcomes[i].heard = classifier->classify(samples);
        }
      } catch (const Error& error) {
        outcomes[i].reason = error.what();
      }
      on_clip();
    };
  });
  ClipEvaluation result;
  result.branches.assign(branch_count, Confusion(network.model().labels.size()));
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (!outcomes[i].reason.empty()) {
      result.skipped.push_back({clips[i].path, outcomes[i].reason});
      continue;
    }
    ++result.clips;
    result.heard.push_back({clips[i], outcomes[i].heard});
    for (std::size_t branch = 0; branch < branch_count; ++branch) {
      result.branches[branch].add(clips[i].label, outcomes[i].heard[branch].label);
    }
  }
  return result;
}

}  // namespace kwsd
