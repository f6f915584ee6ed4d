#include "app/network/backoff.h"

#include <algorithm>

namespace kwsd {

void Backoff::connected(double now) noexcept {
  connected_since_ = now;
}

double Backoff::lost(double now) noexcept {
  const bool held = connected_since_ >= 0 && now - connected_since_ >= steady_seconds;
  if (held || outage_since_ < 0) {
    outage_since_ = now;
  }
  connected_since_ = -1;
  // A quarter of the outage: a broker that returns after 40 s is found within 50 s.
  const double window = std::clamp((now - outage_since_) / 4, spread_, std::max(spread_, longest_seconds));
  return random_.uniform(1, window);
}

}  // namespace kwsd
