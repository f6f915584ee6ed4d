// Chooses the branch of the model that the machine can afford. Pure: no OS, no clock of its own. Thread: one;
// nothing allocates, nothing throws.
#pragma once

#include <string_view>

#include "app/streams/cpu_load.h"
#include "engine/model/model.h"

namespace kwsd {

/// From `half` or `quarter` on, that branch is wanted; it stays wanted until the value is below `relief`
/// times that limit.
struct GovernorLimits {
  double half;
  double quarter;
  double relief;
};

/// Starting points for four cores: one core kept busy by others (0.25) never costs accuracy.
struct GovernorParams {
  GovernorLimits busy{0.80, 0.93, 0.85};
  GovernorLimits pressure{0.25, 0.60, 0.60};
  GovernorLimits backlog_seconds{0.20, 0.50, 0.25};  ///< of sound that waits to be processed
  double thin_after_seconds = 1.0;                   ///< the load must want a thinner branch for this long
  double widen_after_seconds = 5.0;                  ///< nothing must want the present branch for this long
};

/// The load (busy, quota, pressure, throttling) moves one branch at a time, after its dwell time; backlog
/// acts at once, and goes straight to the branch it wants. A clock that the firmware caps wants half, one
/// that it cuts quarter: less work is less heat.
class Governor {
 public:
  explicit Governor(const GovernorParams& params = {}) noexcept : params_(params) {}

  /// Call a few times a second with the measurements since the last call. A value that is absent or not a
  /// number wants nothing. After a clock that went backwards or a pause above 10 s the dwell times restart.
  /// Returns the branch to use from here on.
  BranchId update(double now_seconds, const CpuLoad& load, double backlog_seconds) noexcept;

  [[nodiscard]] BranchId branch() const noexcept { return static_cast<BranchId>(branch_); }
  /// The reason for the last change of the branch, as text; empty before.
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
  /// Of the last update: the greatest of busy, quota and pressure, [0, 1]; negative when none is
  /// known.
  [[nodiscard]] double load() const noexcept { return load_; }

 private:
  void move_to(int branch, double now_seconds, std::string_view reason) noexcept;

  GovernorParams params_;
  int branch_ = 0;  // BranchId, in order of thinness
  std::string_view reason_;
  double load_ = -1;
  bool started_ = false;
  double last_seconds_ = 0;
  double calm_seconds_ = 0;    // when the load last wanted nothing thinner
  double wanted_seconds_ = 0;  // when anything last wanted the present branch or a thinner one
};

}  // namespace kwsd
