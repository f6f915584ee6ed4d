#include "app/eval/clip_eval.h"

#include <algorithm>
#include <cmath>
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

namespace {

/// The sound after a clip for a streaming net: its last frame, for as long as a word may be late.
constexpr double tail_seconds = 0.5;
/// The lowest smoothed posterior of a keyword, or of unknown, that labels a clip: the best of 0.1, 0.2, 0.3
/// and 0.5 on the validation list of Speech Commands.
constexpr float sure = 0.2F;

}  // namespace

/// The highest smoothed posterior of each label over the steps of one clip.
class SurestSteps {
 public:
  SurestSteps(std::size_t labels, std::size_t smoothed)
      : labels_(labels), smoothed_(smoothed), newest_(labels * smoothed), surest_(labels) {}

  void reset() {
    steps_ = 0;
    std::fill(surest_.begin(), surest_.end(), 0.0F);
  }
  void add(std::span<const float> posteriors) {
    std::copy(posteriors.begin(), posteriors.end(), row(steps_++ % smoothed_));
    const std::size_t rows = std::min(steps_, smoothed_);
    for (std::size_t label = 0; label < labels_; ++label) {
      float sum = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        sum += *(row(r) + static_cast<std::ptrdiff_t>(label));
      }
      surest_[label] = std::max(surest_[label], sum / static_cast<float>(rows));
    }
  }
  /// The keyword with the highest posterior if that is high enough; otherwise unknown under the same
  /// condition; otherwise the highest of the remaining labels.
  [[nodiscard]] Prediction predicted(std::span<const Label> labels) const {
    for (const LabelKind kind : {LabelKind::keyword, LabelKind::unknown}) {
      if (const Prediction top = surest_of(labels, kind); top.posterior >= sure) {
        return top;
      }
    }
    if (const Prediction silence = surest_of(labels, LabelKind::silence); silence.label >= 0) {
      return silence;
    }
    const auto top = std::max_element(surest_.begin(), surest_.end());
    return {static_cast<int>(top - surest_.begin()), *top};
  }

 private:
  std::vector<float>::iterator row(std::size_t r) {
    return newest_.begin() + static_cast<std::ptrdiff_t>(r * labels_);
  }
  [[nodiscard]] Prediction surest_of(std::span<const Label> labels, LabelKind kind) const {
    Prediction top{-1, -1};
    for (std::size_t label = 0; label < labels_; ++label) {
      if (labels[label].kind == kind && surest_[label] > top.posterior) {
        top = {static_cast<int>(label), surest_[label]};
      }
    }
    return top;
  }

  std::size_t labels_, smoothed_, steps_ = 0;
  std::vector<float> newest_;  // [smoothed][labels]
  std::vector<float> surest_;  // (labels)
};

namespace {

/// Steps of a streaming model that its detector averages over.
std::size_t smoothed_steps(const Model& model) {
  const double step = static_cast<double>(model.step_stride_frames()) * model.features.hop_samples /
                      model.features.sample_rate_hz;
  return static_cast<std::size_t>(std::max(1L, std::lround(model.detector.smoothing_seconds / step)));
}

}  // namespace

struct ClipClassifier::Impl {
  explicit Impl(const Network& network)
      : model(network.model()),
        features(std::make_shared<const MfccTables>(model.features)),
        posteriors(network, model.hop_frames(), KeptBranches::all),
        window(static_cast<std::size_t>(model.window_samples())),
        last_frame(model.features.coefficients),
        surest(branch_count, SurestSteps(model.labels.size(), smoothed_steps(model))) {}

  Predictions classify_window(std::span<const float> clip);
  Predictions classify_stream(std::span<const float> clip);
  void push_frame(std::span<const std::int8_t> frame);

  const Model& model;
  FeatureStream features;
  PosteriorStream posteriors;
  std::vector<float> window;            // (window_samples)
  std::vector<std::int8_t> last_frame;  // (coefficients)
  std::vector<SurestSteps> surest;      // [branch_count]
};

Predictions ClipClassifier::Impl::classify_window(std::span<const float> clip) {
  fit_window(clip, std::span<float>(window));
  features.push(window, [this](std::span<const std::int8_t> frame) { posteriors.push_frame(frame); });
  Predictions predictions{};
  for (int branch = 0; branch < branch_count; ++branch) {
    const std::span<const float> newest = posteriors.classify(static_cast<BranchId>(branch)).back().values;
    const auto top = std::max_element(newest.begin(), newest.end());
    predictions[static_cast<std::size_t>(branch)] = {static_cast<int>(top - newest.begin()), *top};
  }
  return predictions;
}

void ClipClassifier::Impl::push_frame(std::span<const std::int8_t> frame) {
  std::copy(frame.begin(), frame.end(), last_frame.begin());
  if (!posteriors.push_frame(frame)) {
    return;
  }
  for (std::size_t branch = 0; branch < branch_count; ++branch) {
    for (const Posteriors& step : posteriors.classify(static_cast<BranchId>(branch))) {
      surest[branch].add(step.values);
    }
  }
}

Predictions ClipClassifier::Impl::classify_stream(std::span<const float> clip) {
  const FeatureParams& f = model.features;
  const auto on_frame = [this](std::span<const std::int8_t> frame) { push_frame(frame); };
  features.push(clip, on_frame);
  if (clip.size() < f.frame_samples) {
    features.push(std::vector<float>(f.frame_samples - clip.size()), on_frame);
  }
  const std::vector<std::int8_t> last = last_frame;
  for (auto left = std::lround(tail_seconds * f.sample_rate_hz / f.hop_samples); left > 0; --left) {
    push_frame(last);
  }
  Predictions predictions{};
  for (std::size_t branch = 0; branch < branch_count; ++branch) {
    predictions[branch] = surest[branch].predicted(model.labels);
  }
  return predictions;
}

ClipClassifier::ClipClassifier(const Network& network) : impl_(std::make_unique<Impl>(network)) {}
ClipClassifier::~ClipClassifier() = default;

Predictions ClipClassifier::classify(std::span<const float> clip) {
  impl_->features.reset();
  impl_->posteriors.reset();
  for (SurestSteps& steps : impl_->surest) {
    steps.reset();
  }
  return impl_->model.streaming ? impl_->classify_stream(clip) : impl_->classify_window(clip);
}

ClipEvaluation evaluate_clips(const Network& network, std::span<const ClipFile> clips,
                              const SoundLoader& load, unsigned threads,
                              const std::function<void()>& on_clip) {
  struct Outcome {
    Predictions predictions{};
    std::string reason;  // why the clip was skipped; empty: it was not
  };
  const std::vector<Label>& labels = network.model().labels;
  std::vector<Outcome> outcomes(clips.size());
  parallel_for_each_thread(clips.size(), threads, [&] {
    return [&, classifier = std::make_shared<ClipClassifier>(network)](std::size_t i) {
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
