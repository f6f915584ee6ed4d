// One audio stream through a Spotter. Thread: one at a time; allocates only in its constructor.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/detect/detector.h"
#include "engine/spotter/feature_stream.h"
#include "engine/spotter/posterior_stream.h"
#include "engine/spotter/sound_levels.h"
#include "engine/spotter/spotter.h"

namespace kwsd {

/// One word that was spotted.
struct Spotting {
  std::size_t model = 0;  ///< index into Spotter::models()
  Detection detection;
  float level_db = 0;  ///< RMS of the word's extent, dB of full scale (sound_levels.h)
  float snr_db = 0;    ///< the level less the noise floor of the last 5 s, at least 0
};

class SpotterStream;

/// Receives each window of a stream (of a streaming model: each step), from within SpotterStream::push; the
/// scores are those after the window.
class SpotterObserver {
 public:
  SpotterObserver() = default;
  virtual ~SpotterObserver() = default;
  SpotterObserver(const SpotterObserver&) = delete;
  SpotterObserver& operator=(const SpotterObserver&) = delete;

  /// A window of model `model` that ends at `end_sample`. May set thresholds, for the next window on.
  virtual void on_window(SpotterStream& stream, std::size_t model, std::int64_t end_sample) noexcept = 0;
};

/// The state of one stream. Its detections depend on the samples alone, not on the sizes of the blocks.
class SpotterStream {
 public:
  /// Keeps the spotter alive. Thresholds are the models', the branch is full, the first sample is number 0.
  explicit SpotterStream(std::shared_ptr<const Spotter> spotter);
  ~SpotterStream();

  [[nodiscard]] const std::shared_ptr<const Spotter>& spotter() const noexcept { return spotter_; }

  /// Takes the samples that follow the last ones, mono, at the rate of the models, any number at a time:
  /// float in
  /// [-1, 1] (NaN and infinity count as 0, other values are clamped) or int16. Calls on_word(const Spotting&)
  /// for each word as it is found; of words that are found together, for the one that ended first. (A
  /// streaming model finds the words of all steps of a hop together.) on_word must not throw, and must not
  /// push to this stream.
  template <class OnWord>
  void push(std::span<const float> samples, OnWord&& on_word) noexcept;
  template <class OnWord>
  void push(std::span<const std::int16_t> samples, OnWord&& on_word) noexcept;

  /// The sample of the stream that comes next.
  [[nodiscard]] std::int64_t sample() const noexcept { return sample_; }
  /// The samples that follow are not continuous with the earlier ones (a gap); their first is number
  /// `sample`. Thresholds, branch and mute stay.
  void restart(std::int64_t sample) noexcept;

  /// From the next window on.
  void set_branch(BranchId branch) noexcept { branch_ = branch; }
  [[nodiscard]] BranchId branch() const noexcept { return branch_; }
  /// While muted, samples pass and nothing is computed; a detected word never spans a change.
  void set_muted(bool muted) noexcept;
  [[nodiscard]] bool muted() const noexcept { return muted_; }
  /// Threshold of label `label` of model `model`, in one branch or in all, [0, 1]; from the next window on.
  void set_threshold(std::size_t model, int label, BranchId branch, float threshold) noexcept;
  void set_threshold(std::size_t model, int label, float threshold) noexcept;
  [[nodiscard]] float threshold(std::size_t model, int label, BranchId branch) const noexcept;
  [[nodiscard]] Detector& detector(std::size_t model) noexcept { return listeners_[model].detector; }
  /// Scores after the last window of `model`: (labels), [0, 1].
  [[nodiscard]] std::span<const float> scores(std::size_t model) const noexcept;

  /// Windows since construction, all models together.
  [[nodiscard]] std::int64_t windows() const noexcept { return windows_; }
  /// Counters of the second stages since construction, all models together.
  [[nodiscard]] SecondStageCounts second_stage() const noexcept;
  /// The first sample from `sample` on at which another stream must start so that its windows have the same
  /// positions as this one's (those of the first model, if models differ).
  [[nodiscard]] std::int64_t next_start(std::int64_t sample) const noexcept;
  /// Null: none. It must outlive the stream or be replaced.
  void set_observer(SpotterObserver* observer) noexcept { observer_ = observer; }

 private:
  struct Listener {
    explicit Listener(const Spotter::Listener& shared);
    PosteriorStream posteriors;
    Detector detector;
    std::size_t features;
    std::int64_t frame_samples, hop_samples;
  };

  /// Takes the first samples, up to the end of a frame; found_ then contains the detections. Returns the
  /// number of samples.
  std::size_t push_some(std::span<const float> samples) noexcept;
  void on_frame(std::size_t features, std::span<const std::int8_t> frame) noexcept;
  void on_due(std::size_t model) noexcept;

  std::shared_ptr<const Spotter> spotter_;
  std::vector<FeatureStream> features_;  // as Spotter::features_
  std::vector<Listener> listeners_;      // [models]
  SoundLevels levels_;
  std::vector<Spotting> found_;  // of one frame, in the order of their ends
  SpotterObserver* observer_ = nullptr;
  BranchId branch_ = BranchId::full;
  bool muted_ = false;
  std::int64_t sample_ = 0;  // that comes next
  std::int64_t origin_ = 0;  // sample 0 of the feature streams
  std::int64_t windows_ = 0;
};

template <class OnWord>
void SpotterStream::push(std::span<const float> samples, OnWord&& on_word) noexcept {
  while (!samples.empty()) {
    samples = samples.subspan(push_some(samples));
    for (const Spotting& word : found_) {
      on_word(word);
    }
  }
}

template <class OnWord>
void SpotterStream::push(std::span<const std::int16_t> samples, OnWord&& on_word) noexcept {
  std::array<float, 256> piece;
  while (!samples.empty()) {
    const std::size_t n = std::min(samples.size(), piece.size());
    std::transform(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(n), piece.begin(),
                   [](std::int16_t v) { return static_cast<float>(v) / 32768.0F; });
    push(std::span<const float>(piece).first(n), on_word);
    samples = samples.subspan(n);
  }
}

}  // namespace kwsd
