// Settings that can be changed while kwsd listens: branch, mute, thresholds. The same for `kwsd run` and
// `kwsd live`. Thread: one at a time; the pipeline applies each change by itself.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/daemon/pipeline.h"
#include "app/settings/options.h"
#include "app/streams/cpu_load.h"
#include "app/streams/governor.h"

namespace kwsd {

class Controls {
 public:
  /// `pipeline` outlives this. `live`: the governor chooses the branch if none is fixed; otherwise the full
  /// branch runs.
  Controls(Pipeline& pipeline, bool live, const RecognitionOptions& options);

  /// Fixes the branch; nothing: the branch is chosen automatically.
  void set_branch(std::optional<BranchId> fixed) noexcept;
  /// The active branch, or the one that takes effect with the next window.
  [[nodiscard]] BranchId branch() const noexcept;
  [[nodiscard]] bool branch_is_automatic() const noexcept { return live_ && !fixed_; }

  void set_muted(bool muted) noexcept { pipeline_.set_muted(muted); }
  [[nodiscard]] bool muted() const noexcept { return pipeline_.muted(); }

  /// Thresholds of the active models, or of those that a pending reload will activate: see
  /// ThresholdBoard::want.
  bool set_threshold(std::string_view word, float threshold, std::optional<BranchId> branch = std::nullopt);
  /// The same with all values set so far.
  [[nodiscard]] std::span<const ThresholdBoard::Row> thresholds() const noexcept {
    return pipeline_.thresholds().rows();
  }
  /// The score of a row of thresholds(), [0, 1]; 0 while muted.
  [[nodiscard]] float score(std::size_t row) const noexcept {
    return muted() ? 0 : pipeline_.thresholds().score(row);
  }
  /// Applies to `next` the thresholds set here since the last `forget_thresholds`, for words that it knows.
  void copy_thresholds(ThresholdBoard& next) const noexcept;
  void forget_thresholds() noexcept { changed_.clear(); }

  /// Checks the load of the machine, at most ten times a second, on live input. `backlog_seconds`: of pending
  /// sound.
  void govern(double now_seconds, double backlog_seconds) noexcept;
  /// Load of the machine, [0, 1]; negative: unknown.
  [[nodiscard]] double load() const noexcept { return governor_.load(); }

 private:
  struct Change {
    std::string word;  // empty: every keyword
    std::optional<BranchId> branch;
    float threshold;
  };

  Pipeline& pipeline_;
  const bool live_;
  std::optional<BranchId> fixed_;
  Governor governor_;
  CpuLoadReader load_;
  double governed_seconds_ = -1;
  std::vector<Change> changed_;  // in order; one for each word and branch
};

}  // namespace kwsd
