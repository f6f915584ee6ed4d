// Posteriors of successive windows -> one event per spoken word. Thread: one; no allocation after
// construction. Time is stream time in samples, so a file run is reproducible.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/detect/detector_params.h"
#include "engine/model/model.h"

namespace kwsd {

/// One spoken word. Samples count from the start of the stream.
struct Detection {
  int label = 0;
  float score = 0;                ///< as it passed the threshold, [0, 1]
  float threshold = 0;            ///< the threshold it passed
  std::int64_t start_sample = 0;  ///< end_sample less word_seconds, not before the window
  std::int64_t end_sample = 0;    ///< end of the first window that recognized the word: about its end
  BranchId branch = BranchId::full;
};

/// A keyword is reported when, after a window,
///   - its score is at least its threshold in the branch that ran: the smoothed posterior, and of the highest
///     keyword rivals_share of the other keywords' besides,
///   - neither silence, unknown nor another keyword scores higher,
///   - it is armed: since its last event its score has fallen (rearm_ratio),
///   - its own refractory period is over. An event of one keyword never holds back another.
///
/// Branches have thresholds of their own. Where the average spans a switch, posteriors of the other branch
/// are first brought to the scale of the present one, by the piecewise linear map 0 -> 0, its threshold ->
/// present threshold, 1 -> 1: no window is lost and the operating point does not move.
///
/// The average takes the windows that end within smoothing_seconds of the newest, and always the newest
/// min_windows of them. Windows that do not overlap (a gap in the stream) are never averaged.
class Detector {
 public:
  /// Thresholds are the model's. Throws Error (usage) for a parameter out of its range.
  Detector(const Model& model, const DetectorParams& params);

  /// Threshold of one keyword in one branch, [0, 1]. Takes effect with the next window.
  void set_threshold(BranchId branch, int label, float threshold) noexcept;
  [[nodiscard]] float threshold(BranchId branch, int label) const noexcept;

  /// Posteriors (labels) of the window that ends at end_sample. Returns the detections it completes
  /// (none or one); the span is valid until the next call.
  [[nodiscard]] std::span<const Detection> push(std::span<const float> posteriors, std::int64_t end_sample,
                                                BranchId branch) noexcept;
  /// Whether the keyword's refractory period lasts at `sample`.
  [[nodiscard]] bool is_quiet(int label, std::int64_t sample) const noexcept;
  /// Scores after the last push, on the scale of its branch: (labels), [0, 1].
  [[nodiscard]] std::span<const float> scores() const noexcept;
  /// After start or reconnect: clears the history and restarts the warm-up at `sample`.
  void reset(std::int64_t sample) noexcept;

 private:
  struct Window {
    std::int64_t end_sample = 0;
    BranchId branch = BranchId::full;
  };
  struct Keyword {
    bool is_keyword = false;
    bool armed = true;
    std::int64_t refractory_samples = 0;
    std::int64_t quiet_until = 0;  // no event before this sample
  };

  void remember(std::span<const float> posteriors, Window window) noexcept;
  void smooth() noexcept;
  void add_rivals() noexcept;
  void report(int label, const Window& now) noexcept;
  [[nodiscard]] float comparable(int age, int label) const noexcept;
  [[nodiscard]] float with_rivals(float own, float all) const noexcept;
  [[nodiscard]] float window_score(int age, int label) const noexcept;
  [[nodiscard]] std::size_t slot(int age) const noexcept;

  DetectorParams params_;
  int labels_;
  int window_samples_;
  std::int64_t smoothing_samples_, warm_up_samples_, word_samples_;
  std::array<std::vector<float>, branch_count> thresholds_;  // [branch][labels]

  std::vector<Window> windows_;    // ring, newest at newest_
  std::vector<float> posteriors_;  // [ring][labels], raw
  int newest_ = 0, remembered_ = 0;
  int averaged_ = 0;               // newest windows that are in the average
  std::vector<float> scores_;      // (labels)
  std::vector<Keyword> keywords_;  // (labels)
  std::vector<Detection> detections_;
  std::int64_t warm_until_ = 0;
};

}  // namespace kwsd
