#include "app/daemon/reload.h"

#include <utility>

#include "app/base/log.h"
#include "app/settings/settings.h"

namespace kwsd {

Reload::Reload(Pipeline& pipeline, Controls& controls, RunOptions options, Read read, Prepare prepare)
    : pipeline_(pipeline),
      controls_(controls),
      options_(std::move(options)),
      read_(std::move(read)),
      prepare_(std::move(prepare)),
      models_(pipeline.recognizer().model_names()) {}

bool Reload::start() noexcept {
  if (under_way_) {
    again_ = true;
    return true;
  }
  try {
    const RunOptions next = read_();
    auto recognizer = std::make_unique<Recognizer>(next.recognition);
    if (prepare_) {
      prepare_(*recognizer);
    }
    set_up_log(next.log_level);
    if (const auto names = restart_settings(options_, next); !names.empty()) {
      spdlog::warn("reload: changes of {} take effect after a restart", fmt::join(names, ", "));
    }
    options_.recognition = next.recognition;
    models_ = recognizer->model_names();
    controls_.set_branch(fixed_branch(next.recognition.branch));
    pipeline_.replace(std::move(recognizer));
    under_way_ = true;
    return true;
  } catch (const std::exception& error) {
    spdlog::error("reload failed; keeping the current configuration: {}", error.what());
    return false;
  }
}

bool Reload::finished() noexcept {
  if (!under_way_ || !pipeline_.take_replaced()) {
    return false;
  }
  under_way_ = false;
  return !std::exchange(again_, false) || !start();
}

}  // namespace kwsd
