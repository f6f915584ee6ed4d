#include "app/daemon/controls.h"

#include "app/base/log.h"

namespace kwsd {

Controls::Controls(Pipeline& pipeline, bool live, const RecognitionOptions& options)
    : pipeline_(pipeline), live_(live) {
  set_branch(fixed_branch(options.branch));
}

void Controls::set_branch(std::optional<BranchId> fixed) noexcept {
  fixed_ = fixed;
  pipeline_.set_branch(branch(), governor_.load());
}

BranchId Controls::branch() const noexcept {
  return fixed_.value_or(live_ ? governor_.branch() : BranchId::full);
}

void Controls::govern(double now_seconds, double backlog_seconds) noexcept {
  if (!live_ || (governed_seconds_ >= 0 && now_seconds - governed_seconds_ < 0.1)) {
    return;
  }
  governed_seconds_ = now_seconds;
  const BranchId before = governor_.branch();
  if (governor_.update(now_seconds, load_.sample(now_seconds), backlog_seconds) != before && !fixed_) {
    spdlog::info("governor: {}", governor_.reason());  // the event has the rest
  }
  pipeline_.set_branch(branch(), governor_.load());
}

}  // namespace kwsd
