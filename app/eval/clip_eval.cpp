#include "app/eval/clip_eval.h"

#include <algorithm>
#include <numeric>

#include "app/audio/pcm16.h"
#include "app/base/parallel.h"
#include "engine/audio/fit_window.h"
#include "engine/model/error.h"
#include "engine/spotter/feature_stream.h"
#include "engine/spotter/posterior_stream.h"

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
        features(std::make_shared<const MfccTables>(model.features)),
        posteriors(network, model.hop_frames(), KeptBranches::all),
        window(static_cast<std::size_t>(model.window_samples())) {}

  const Model& model;
  FeatureStream features;
  PosteriorStream posteriors;
  std::vector<float> window;  // (window_samples)
};

WindowClassifier::WindowClassifier(const Network& network) : impl_(std::make_unique<Impl>(network)) {}
WindowClassifier::~WindowClassifier() = default;

Predictions WindowClassifier::classify(std::span<const float> clip) {
  Impl& s = *impl_;
  fit_window(clip, std::span<float>(s.window));
  s.features.reset();
  s.posteriors.reset();
  s.features.push(s.window, [&s](std::span<const std::int8_t> frame) { s.posteriors.push_frame(frame); });
  Predictions predictions{};
  for (int branch = 0; branch < branch_count; ++branch) {
    const std::span<const Posteriors> due = s.posteriors.classify(static_cast<BranchId>(branch));
    if (!due.empty()) {  // a streaming net may still look ahead
      const std::span<const float> newest = due.back().values;
      const auto top = std::max_element(newest.begin(), newest.end());
      predictions[static_cast<std::size_t>(branch)] = {static_cast<int>(top - newest.begin()), *top};
    }
  }
  return predictions;
}

ClipEvaluation evaluate_clips(const Network& network, std::span<const ClipFile> clips,
                              const SoundLoader& load, unsigned threads,
                              const std::function<void()>& on_clip) {
  struct Outcome {
    Predictions predictions{};
    std::string reason;  // why it was skipped; empty: it was not
  };
  const std::vector<Label>& labels = network.model().labels;
  std::vector<Outcome> outcomes(clips.size());
  parallel_for_each_thread(clips.size(), threads, [&] {
    return [&, classifier = std::make_shared<WindowClassifier>(network)](std::size_t i) {
      try {
        const std::vector<float> samples = load(clips[i].path);
        if (samples.empty()) {
          outcomes[i].reason = "it holds no sound";
        } else if (labels[static_cast<std::size_t>(clips[i].label)].kind != LabelKind::silence &&
                   !has_signal(samples)) {
          outcomes[i].reason = "it holds digital silence alone";
        } else {
          outcomes[i].predictions = classifier->classify(samples);
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
    result.predicted.push_back({clips[i], outcomes[i].predictions});
    for (std::size_t branch = 0; branch < branch_count; ++branch) {
      result.branches[branch].add(clips[i].label, outcomes[i].predictions[branch].label);
    }
  }
  return result;
}

}  // namespace kwsd
