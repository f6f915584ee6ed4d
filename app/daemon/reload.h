// Loads settings again, or other models, while the old ones keep listening. The same for `kwsd run` and `kwsd
// live`. Thread: one at a time.
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
  /// Reads the current flags, environment and files. Throws Error.
  using Read = std::function<RunOptions()>;
  /// Called with a recognizer before it listens.
  using Prepare = std::function<void(Recognizer&)>;

  /// `pipeline` and `controls` outlive this. `options`: the options in force.
  Reload(Pipeline& pipeline, Controls& controls, RunOptions options, Read read, Prepare prepare = {});

  /// Offers the result of `read` to the pipeline; while an earlier change is pending, afterwards. False if
  /// the settings are invalid: the log reports the reason, and nothing changes.
  bool start() noexcept;
  /// Offers these models, with the settings and thresholds in force, to the pipeline. Thresholds of words
  /// that no model has any more are ignored. Throws Error: what Recognizer throws, unavailable while an
  /// earlier change is pending; nothing has changed then.
  void change_models(std::vector<std::string> models);
  /// The recognizer that a reload would offer now. Throws Error: what `read` and Recognizer throw.
  [[nodiscard]] std::unique_ptr<Recognizer> configured() const;
  /// True once for each start and change, when the new settings are in force.
  [[nodiscard]] bool finished() noexcept;

  /// Names of the models that are active or about to be.
  [[nodiscard]] const std::vector<std::string>& models() const noexcept { return models_; }
  /// The same models, in the same order, as requested: files or names.
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
