// A limit on a rate. Thread: one.
#pragma once

#include <algorithm>

namespace kwsd {

/// `rate` tokens a second flow in, up to `burst`; taking more than available means to wait. The caller passes
/// the time.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) noexcept : rate_(rate), burst_(burst), tokens_(burst) {}

  /// Whether `count` tokens are available; takes them if so.
  [[nodiscard]] bool take(double count, double now) noexcept {
    fill(now);
    const bool enough = tokens_ >= count;
    tokens_ -= enough ? count : 0;
    return enough;
  }
  /// Takes `count` tokens, on credit if fewer are available. Returns the seconds to wait before the next
  /// ones.
  [[nodiscard]] double owe(double count, double now) noexcept {
    fill(now);
    tokens_ -= count;
    return tokens_ >= 0 ? 0 : -tokens_ / rate_;
  }

 private:
  void fill(double now) noexcept {
    tokens_ = std::min(tokens_ + std::max(now - last_, 0.0) * rate_, burst_);
    last_ = now;
  }

  double rate_, burst_, tokens_;
  double last_ = 0;
};

}  // namespace kwsd
