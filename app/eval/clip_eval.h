// A model's quality on single words: accuracy, recall and confusion of each branch. Thread: evaluate_clips
// starts its own and returns when they are done.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/eval/data_set.h"
#include "engine/nn/network.h"

namespace kwsd {

/// Counts of spoken and predicted labels.
class Confusion {
 public:
  explicit Confusion(std::size_t labels) : labels_(labels), counts_(labels * labels) {}
  void add(int said, int recognised) noexcept { ++counts_[index(said, recognised)]; }
  [[nodiscard]] std::int64_t count(int said, int recognised) const noexcept {
    return counts_[index(said, recognised)];
  }
  [[nodiscard]] std::size_t labels() const noexcept { return labels_; }
  [[nodiscard]] std::int64_t clips(int said) const noexcept;
  /// Share of all clips that were predicted correctly, [0, 1]; 0 without clips.
  [[nodiscard]] double accuracy() const noexcept;
  /// Share of the clips of one label that were predicted correctly; none without clips of it.
  [[nodiscard]] std::optional<double> recall(int said) const noexcept;

 private:
  [[nodiscard]] std::size_t index(int said, int recognised) const noexcept {
    return static_cast<std::size_t>(said) * labels_ + static_cast<std::size_t>(recognised);
  }
  std::size_t labels_;
  std::vector<std::int64_t> counts_;  // [spoken][predicted]
};

struct SkippedClip {
  std::filesystem::path path;
  std::string reason;
};

/// A label and the posterior that chose it.
struct Prediction {
  int label = 0;
  float posterior = 0;  ///< [0, 1]
};
using Predictions = std::array<Prediction, branch_count>;

struct PredictedClip {
  ClipFile clip;
  Predictions predictions;
};

struct ClipEvaluation {
  std::int64_t clips = 0;                ///< that were evaluated
  std::vector<PredictedClip> predicted;  ///< these, in the order of the set
  std::vector<SkippedClip> skipped;      ///< damaged or empty, in the order of the set
  std::vector<Confusion> branches;       ///< [branch_count]
};

/// The samples of a file at 16 kHz; throws Error when they are unavailable. Called from several threads.
using SoundLoader = std::function<std::vector<float>(const std::filesystem::path&)>;

/// Classifies single clips: one feature and network state per thread. A window net gets one window, cut by
/// fit_window. A streaming net gets the whole clip, and its last frame for half a second more; the label is
/// the keyword of the highest smoothed posterior if that is at least 0.2, else unknown if that has been at
/// least 0.2 once, else silence.
class ClipClassifier {
 public:
  explicit ClipClassifier(const Network& network);  ///< `network` must outlive it
  ~ClipClassifier();
  /// clip: any length.
  [[nodiscard]] Predictions classify(std::span<const float> clip);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every clip through every branch, as ClipClassifier classifies it. `on_clip` is called after each
/// clip, from any thread. The result does not depend on the number of threads.
[[nodiscard]] ClipEvaluation evaluate_clips(const Network& network, std::span<const ClipFile> clips,
                                            const SoundLoader& load, unsigned threads,
                                            const std::function<void()>& on_clip);

}  // namespace kwsd
