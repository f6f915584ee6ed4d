// What the screen of `kwsd live` takes from the inference thread, and what it hands back. No side waits for
// the other: every value is an atomic of its own.
//
//   inference thread --samples, scores, thresholds in force--> [LiveTap] --> screen thread
//   inference thread <--thresholds wanted, muted-- [LiveTap] <-- screen thread
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/daemon/pipeline_observer.h"

namespace kwsd {

class LiveTap final : public PipelineObserver {
 public:
  static constexpr std::size_t kept_samples = std::size_t{1} << 17U;  ///< the last 8.2 s
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

  /// Keywords in the order of the models and of their labels. What is heard after sample `until` is passed
  /// over.
  explicit LiveTap(std::span<const std::shared_ptr<const Model>> models, std::int64_t until = forever);

  // The inference side.

  std::span<const float> on_samples(std::span<const float> samples) noexcept override;
  void on_window(const Model& model, Detector& detector, BranchId branch,
                 std::int64_t end_sample) noexcept override;

  // The screen's side.

  [[nodiscard]] const std::vector<std::string>& keywords() const noexcept { return names_; }
  [[nodiscard]] float score(std::size_t keyword) const noexcept { return taps_[keyword].score; }
  /// In force in the branch that runs; 0 before the first window.
  [[nodiscard]] float threshold(std::size_t keyword) const noexcept { return taps_[keyword].threshold; }
  [[nodiscard]] BranchId branch() const noexcept { return branch_; }
  [[nodiscard]] std::int64_t windows() const noexcept { return windows_; }
  /// 16 kHz samples heard so far.
  [[nodiscard]] std::int64_t heard() const noexcept { return heard_; }
  /// Samples [from, from + out.size()); false where they are not there yet or not any more.
  [[nodiscard]] bool copy(std::int64_t from, std::span<float> out) const noexcept;

  /// For all branches, from the next window on.
  void set_threshold(std::size_t keyword, float threshold) noexcept { taps_[keyword].wanted = threshold; }
  /// Whether it was ever set.
  [[nodiscard]] bool threshold_wanted(std::size_t keyword) const noexcept {
    return taps_[keyword].wanted >= 0;
  }
  void set_muted(bool muted) noexcept { muted_ = muted; }

 private:
  static constexpr std::size_t longest_block = 16384;

  struct KeywordTap {
    int label = 0;
    std::atomic<float> score{0};
    std::atomic<float> threshold{0};
    std::atomic<float> wanted{-1};  // negative: the detector's own
  };

  std::vector<const Model*> models_;
  std::vector<std::size_t> first_;      // [models + 1], index of a model's first keyword
  std::vector<std::string> names_;      // [keywords]
  std::unique_ptr<KeywordTap[]> taps_;  // [keywords]
  std::int64_t until_;
  std::unique_ptr<std::atomic<float>[]> ring_;  // [kept_samples]
  std::vector<float> silence_;                  // (longest_block)
  std::atomic<std::int64_t> heard_{0};
  std::atomic<std::int64_t> windows_{0};
  std::atomic<BranchId> branch_{BranchId::full};
  std::atomic<bool> muted_{false};
};

}  // namespace kwsd
