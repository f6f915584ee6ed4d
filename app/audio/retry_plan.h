// When to look for a lost microphone again. Pure: the time comes from the caller. Thread: any one.
#pragma once

#include <algorithm>
#include <chrono>

namespace kwsd {

struct RetryPauses {
  std::chrono::milliseconds first{100};     ///< doubles with each attempt, up to
  std::chrono::milliseconds at_first{400};  ///< this for a while, and then up to
  std::chrono::milliseconds later{1000};    ///< this
  std::chrono::milliseconds a_while{60'000};
};

/// An attempt costs tens of milliseconds of CPU, because PortAudio queries every sound system. The pauses
/// between attempts therefore grow; when a sound card is added or removed, which is detected immediately,
/// they start over.
class RetryPlan {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RetryPlan(const RetryPauses& pauses) : pauses_(pauses) {}

  /// Sound has arrived until now, or a card was added or removed just now.
  void begin(Clock::time_point now) noexcept {
    begun_ = now;
    pause_ = pauses_.first;
    due_ = now + pause_;
  }
  /// An attempt has just ended without sound.
  void failed(Clock::time_point now) noexcept {
    due_ = now + pause_;
    pause_ = std::min(2 * pause_, now - begun_ < pauses_.a_while ? pauses_.at_first : pauses_.later);
  }
  /// The rest of the pause; 0 or less: the next attempt is due.
  [[nodiscard]] std::chrono::milliseconds left(Clock::time_point now) const noexcept {
    return std::chrono::ceil<std::chrono::milliseconds>(due_ - now);
  }

 private:
  RetryPauses pauses_;
  Clock::time_point begun_ = Clock::now(), due_ = begun_;
  std::chrono::milliseconds pause_ = pauses_.first;
};

}  // namespace kwsd
