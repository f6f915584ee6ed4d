// Wakes one waiting thread. Thread: post from any, also from a real-time callback (a semaphore: no
// lock, no allocation); wait from one thread at a time.
#pragma once

#include <semaphore.h>

#include <cerrno>
#include <chrono>
#include <ctime>

namespace kwsd {

class Wakeup {
 public:
  Wakeup() noexcept { sem_init(&semaphore_, 0, 0); }
  ~Wakeup() { sem_destroy(&semaphore_); }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void post() noexcept { sem_post(&semaphore_); }

  /// Returns after a post (also an earlier one), or after `timeout`. May return spuriously: the caller checks
  /// its condition again.
  void wait_for(std::chrono::milliseconds timeout) noexcept {
    timespec until{};
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += static_cast<time_t>(timeout.count() / 1000);
    until.tv_nsec += static_cast<long>(timeout.count() % 1000) * 1'000'000L;
    if (until.tv_nsec >= 1'000'000'000L) {
      until.tv_nsec -= 1'000'000'000L;
      ++until.tv_sec;
    }
    sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until);
    while (sem_trywait(&semaphore_) == 0) {  // accumulated posts count once
    }
  }

 private:
  sem_t semaphore_{};
};

}  // namespace kwsd
