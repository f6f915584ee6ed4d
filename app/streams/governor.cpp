#include "app/streams/governor.h"

#include <algorithm>

namespace kwsd {
namespace {

constexpr double longest_pause_seconds = 10;

/// The branch that `value` wants: 0 full, 1 half, 2 quarter. Limits are taken times `scale`.
int wanted(double value, const GovernorLimits& limits, double scale) noexcept {
  return value >= limits.quarter * scale ? 2 : value >= limits.half * scale ? 1 : 0;
}

/// The name of the value that wants the branch `most`, or a thinner one.
std::string_view reason_of(const CpuLoad& load, const GovernorParams& params, int most) noexcept {
  return static_cast<int>(load.throttling) >= most                   ? "temperature or voltage"
         : wanted(load.quota.value_or(-1), params.busy, 1.0) >= most ? "quota of the cgroup"
         : wanted(load.busy.value_or(-1), params.busy, 1.0) >= most  ? "busy CPUs"
                                                                     : "tasks that wait for a CPU";
}

}  // namespace

void Governor::move_to(int branch, double now_seconds, std::string_view reason) noexcept {
  branch_ = branch;
  reason_ = reason;
  calm_seconds_ = now_seconds;
  wanted_seconds_ = now_seconds;
}

BranchId Governor::update(double now_seconds, const CpuLoad& load, double backlog_seconds) noexcept {
  const double pause_seconds = now_seconds - last_seconds_;
  if (!started_ || !(pause_seconds >= 0 && pause_seconds <= longest_pause_seconds)) {
    move_to(branch_, now_seconds, reason_);
  }
  started_ = true;
  last_seconds_ = now_seconds;

  const double busy = std::max(load.busy.value_or(-1), load.quota.value_or(-1));
  const double pressure = load.pressure.value_or(-1);
  load_ = std::max(busy, pressure);
  const auto most_wanted = [&](bool relieved) {
    const auto scale = [relieved](const GovernorLimits& limits) { return relieved ? limits.relief : 1.0; };
    return std::max({wanted(busy, params_.busy, scale(params_.busy)),
                     wanted(pressure, params_.pressure, scale(params_.pressure)),
                     static_cast<int>(load.throttling)});
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
    move_to(backlog_wants, now_seconds, "sound that waits");
  } else if (now_seconds - calm_seconds_ >= params_.thin_after_seconds && load_wants > branch_) {
    move_to(branch_ + 1, now_seconds, reason_of(load, params_, load_wants));
  } else if (now_seconds - wanted_seconds_ >= params_.widen_after_seconds && keeps < branch_) {
    move_to(branch_ - 1, now_seconds, "less load");
  }
  return branch();
}

}  // namespace kwsd
