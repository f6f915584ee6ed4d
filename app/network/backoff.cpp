#include "app/network/backoff.h"

#include <algorithm>

namespace kwsd {

void Backoff::connected(double now) noexcept {
  connected_since_ = now;
}

double Backoff::window(double outage_seconds, double spread_seconds) noexcept {
  // A quarter of the outage: a broker that returns after 40 s is found within 50 s.
  return std::clamp(outage_seconds / 4, spread_seconds, std::max(spread_seconds, longest_seconds));
}

double Backoff::lost(double now) noexcept {
  const bool held = connected_since_ >= 0 && now - connected_since_ >= steady_seconds;
  if (held || outage_since_ < 0) {
    outage_since_ = now;
  }
  connected_since_ = -1;
  return random_.uniform(1, window(now - outage_since_, spread_));
}

}  // namespace kwsd
