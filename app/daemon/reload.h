// Settings and models read again while the old ones go on listening. The same for `kwsd run` and `kwsd live`.
// Thread: one, the main thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/daemon/controls.h"
#include "app/daemon/pipeline.h"
#include "app/settings/options.h"

namespace kwsd {

class Reload {
 public:
  /// Reads flags, environment and files as they are now. Throws Error.
  using Read = std::function<RunOptions()>;
  /// Called with a recognizer before it listens.
  using Prepare = std::function<void(Recognizer&)>;

  /// `pipeline` and `controls` outlive this. `options`: those in force.
  Reload(Pipeline& pipeline, Controls& controls, RunOptions options, Read read, Prepare prepare = {});

  /// Offers what `read` says to the pipeline; while an earlier one is not in force yet, afterwards. False
  /// where it is wrong: the log says why, and nothing changes.
  bool start() noexcept;
  /// True once for each start, when the new settings are in force.
  [[nodiscard]] bool finished() noexcept;

  /// Names of the models that listen, or will.
  [[nodiscard]] const std::vector<std::string>& models() const noexcept { return models_; }

 private:
  Pipeline& pipeline_;
  Controls& controls_;
  RunOptions options_;
  const Read read_;
  const Prepare prepare_;
  std::vector<std::string> models_;
  bool under_way_ = false, again_ = false;
};

}  // namespace kwsd
