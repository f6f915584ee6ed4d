// What may be changed while kwsd listens: branch, mute, thresholds. The same for `kwsd run` and `kwsd live`.
// Thread: one, the main thread; the pipeline takes each change on its own.
#pragma once

#include <optional>
#include <string_view>

#include "app/streams/cpu_load.h"
#include "app/streams/governor.h"
#include "app/daemon/pipeline.h"
#include "app/settings/options.h"

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
  bool set_threshold(std::string_view word, float threshold,
                     std::optional<BranchId> branch = std::nullopt) noexcept {
    return pipeline_.thresholds().want(word, threshold, branch);
  }

  /// Looks at the load of the machine, at most ten times a second, on live input. `backlog_seconds`: of sound
  /// that waits.
  void govern(double now_seconds, double backlog_seconds) noexcept;
  /// Of the machine, [0, 1]; negative: unknown.
  [[nodiscard]] double load() const noexcept { return governor_.load(); }

 private:
  Pipeline& pipeline_;
  const bool live_;
  std::optional<BranchId> fixed_;
  Governor governor_;
  CpuLoadReader load_;
  double governed_seconds_ = -1;
};

}  // namespace kwsd
