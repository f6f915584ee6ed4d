// The values that the screen of `kwsd live` takes from the inference thread; it only reads them. No side
// waits for the other: every value is an atomic of its own.
//
//   inference thread --samples--> [SoundTap] --> screen thread
//   inference thread --scores, thresholds in force--> [ScoreTap] --> screen thread
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/daemon/pipeline_observer.h"

namespace kwsd {

/// The last seconds of sound.
class SoundTap final : public SoundObserver {
 public:
  static constexpr std::size_t kept_samples = std::size_t{1} << 17U;  ///< the last 8.2 s
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

  /// Skips sound after sample `until`.
  explicit SoundTap(std::int64_t until = forever);

  void on_samples(std::span<const float> samples) noexcept override;

  // The screen's side.

  /// 16 kHz samples received so far.
  [[nodiscard]] std::int64_t heard() const noexcept { return heard_; }
  /// Samples [from, from + out.size()); false if they are not available yet or no longer kept.
  [[nodiscard]] bool copy(std::int64_t from, std::span<float> out) const noexcept;

 private:
  static constexpr std::size_t longest_block = 16384;

  std::int64_t until_;
  std::unique_ptr<std::atomic<float>[]> ring_;  // [kept_samples]
  std::atomic<std::int64_t> heard_{0};
};

/// Scores and thresholds of one recognizer's keywords, in the order of its models and of their labels.
class ScoreTap final : public WindowObserver {
 public:
  /// Skips windows that end after sample `until`.
  explicit ScoreTap(std::span<const std::shared_ptr<const Model>> models,
                    std::int64_t until = SoundTap::forever);

  void on_window(const Model& model, const Detector& detector, BranchId branch,
                 std::int64_t end_sample) noexcept override;

  // The screen's side.

  [[nodiscard]] const std::vector<std::string>& keywords() const noexcept { return names_; }
  [[nodiscard]] float score(std::size_t keyword) const noexcept { return taps_[keyword].score; }
  /// Threshold in force in the active branch; before the first window the model's own in the full branch.
  [[nodiscard]] float threshold(std::size_t keyword) const noexcept { return taps_[keyword].threshold; }
  /// Sets the thresholds in force before the first window, in the full branch. Before the recognizer listens.
  void set_threshold(std::size_t keyword, float threshold) noexcept { taps_[keyword].threshold = threshold; }
  [[nodiscard]] BranchId branch() const noexcept { return branch_; }
  [[nodiscard]] std::int64_t windows() const noexcept { return windows_; }

 private:
  struct KeywordTap {
    int label = 0;
    std::atomic<float> score{0};
    std::atomic<float> threshold{0};
  };

  std::vector<const Model*> models_;
  std::vector<std::size_t> first_;      // [models + 1], index of a model's first keyword
  std::vector<std::string> names_;      // [keywords]
  std::unique_ptr<KeywordTap[]> taps_;  // [keywords]
  std::int64_t until_;
  std::atomic<std::int64_t> windows_{0};
  std::atomic<BranchId> branch_{BranchId::full};
};

}  // namespace kwsd
