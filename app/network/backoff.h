// Delays before reconnecting. Delays are random, so that a fleet does not reconnect all at once when its
// broker restarts: the first one is between 1 s and the spread, later ones grow with the outage, up to 120 s
// or the spread. Thread: one.
#pragma once

#include <cstdint>

#include "app/base/random.h"

namespace kwsd {

class Backoff {
 public:
  static constexpr double longest_seconds = 120;
  static constexpr double steady_seconds = 5;  ///< a connection that held for this long ends an outage

  /// `spread_seconds` from 1: N clients whose broker restarts make N / spread connections a second.
  Backoff(double spread_seconds, std::uint64_t seed) noexcept : spread_(spread_seconds), random_(seed) {}

  /// The delay before the very first connection: in [0, spread).
  [[nodiscard]] double first() noexcept { return random_.uniform(0, spread_); }
  void connected(double now) noexcept;
  /// The connection was lost, or failed: the seconds to wait, at least 1.
  [[nodiscard]] double lost(double now) noexcept;
  /// The longest delay after an outage of `outage_seconds`.
  [[nodiscard]] static double window(double outage_seconds, double spread_seconds) noexcept;

 private:
  double spread_;
  Random random_;
  double outage_since_ = -1;     // -1: none
  double connected_since_ = -1;  // -1: not connected
};

}  // namespace kwsd
