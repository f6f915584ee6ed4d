// Settings and models read again, or other models, while the old ones go on listening. The same for `kwsd
// run` and `kwsd live`. Thread: one at a time.
#pragma once

#include <functional>
#include <memory>
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
  /// Offers these models, with the settings and thresholds in force, to the pipeline. Thresholds of words
  /// that no model has any more do not count. Throws Error: what Recognizer throws, unavailable while an
  /// earlier change is not in force yet; nothing has changed then.
  void change_models(std::vector<std::string> models);
  /// True once for each start and change, when the new settings are in force.
  [[nodiscard]] bool finished() noexcept;

  /// Names of the models that listen, or will.
  [[nodiscard]] const std::vector<std::string>& models() const noexcept { return models_; }
  /// The same models, in the same order, as they were asked for: files or names.
  [[nodiscard]] const std::vector<std::string>& model_settings() const noexcept {
    return options_.recognition.models;
  }

 private:
  void offer(std::unique_ptr<Recognizer> recognizer);

  Pipeline& pipeline_;
  Controls& controls_;
  RunOptions options_;
  const Read read_;
  const Prepare prepare_;
  std::vector<std::string> models_;
  bool under_way_ = false, again_ = false;
};

}  // namespace kwsd
