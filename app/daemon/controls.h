// What may be changed while kwsd listens: branch, mute, thresholds. The same for `kwsd run` and `kwsd live`.
// Thread: one at a time; the pipeline takes each change on its own.
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
  /// `pipeline` outlives this. `live`: the governor chooses the branch where none is fixed; otherwise that is
  /// full.
  Controls(Pipeline& pipeline, bool live, const RecognitionOptions& options);

  /// Fixes the branch; nothing: it is chosen.
  void set_branch(std::optional<BranchId> fixed) noexcept;
  /// The one that runs, or will with the next window.
  [[nodiscard]] BranchId branch() const noexcept;
  [[nodiscard]] bool branch_is_automatic() const noexcept { return live_ && !fixed_; }

  void set_muted(bool muted) noexcept { pipeline_.set_muted(muted); }
  [[nodiscard]] bool muted() const noexcept { return pipeline_.muted(); }

  /// Of the models that listen, or will after a reload that is under way: see ThresholdBoard::want.
  bool set_threshold(std::string_view word, float threshold, std::optional<BranchId> branch = std::nullopt);
  /// With all that was set.
  [[nodiscard]] std::span<const ThresholdBoard::Row> thresholds() const noexcept {
    return pipeline_.thresholds().rows();
  }
  /// Sets on `next` what was set here since the last `forget_thresholds`, of words that it knows.
  void copy_thresholds(ThresholdBoard& next) const noexcept;
  void forget_thresholds() noexcept { changed_.clear(); }

  /// Looks at the load of the machine, at most ten times a second, on live input. `backlog_seconds`: of sound
  /// that waits.
  void govern(double now_seconds, double backlog_seconds) noexcept;
  /// Of the machine, [0, 1]; negative: unknown.
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
