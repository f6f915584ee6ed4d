#include "app/daemon/governor.h"

#include <algorithm>

namespace kwsd {
namespace {

constexpr double longest_pause_seconds = 10;

/// The branch that `value` wants: 0 full, 1 half, 2 quarter. Limits are taken times `scale`.
int wanted(double value, const GovernorLimits& limits, double scale) noexcept {
  return value >= limits.quarter * scale ? 2 : value >= limits.half * scale ? 1 : 0;
}

}  // namespace

void Governor::move_to(int branch, double now_seconds) noexcept {
  branch_ = branch;
  calm_seconds_ = now_seconds;
  wanted_seconds_ = now_seconds;
}

BranchId Governor::update(double now_seconds, const CpuLoad& load, double backlog_seconds) noexcept {
  const double pause_seconds = now_seconds - last_seconds_;
  if (!started_ || !(pause_seconds >= 0 && pause_seconds <= longest_pause_seconds)) {
    move_to(branch_, now_seconds);
  }
  started_ = true;
  last_seconds_ = now_seconds;

  const double busy = load.busy.value_or(-1);
  const double pressure = load.pressure.value_or(-1);
  load_ = std::max(busy, pressure);
  const auto most_wanted = [&](bool relieved) {
    const auto scale = [relieved](const GovernorLimits& limits) { return relieved ? limits.relief : 1.0; };
    return std::max(wanted(busy, params_.busy, scale(params_.busy)),
                    wanted(pressure, params_.pressure, scale(params_.pressure)));
  };
  const GovernorLimits& backlog = params_.backlog_seconds;
  const int load_wants = most_wanted(false);
  const int backlog_wants = wanted(backlog_seconds, backlog, 1.0);
  const int keeps = std::max(most_wanted(true), wanted(backlog_seconds, backlog, backlog.relief));

  if (load_wants <= branch_) {
    calm_seconds_ = now_seconds;
  }
  if (keeps >= branch_) {
    wanted_seconds_ = now_seconds;
  }
  if (backlog_wants > branch_) {
    move_to(backlog_wants, now_seconds);
  } else if (now_seconds - calm_seconds_ >= params_.thin_after_seconds && load_wants > branch_) {
    move_to(branch_ + 1, now_seconds);
  } else if (now_seconds - wanted_seconds_ >= params_.widen_after_seconds && keeps < branch_) {
    move_to(branch_ - 1, now_seconds);
  }
  return branch();
}

}  // namespace kwsd
