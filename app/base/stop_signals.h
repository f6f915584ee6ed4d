// SIGINT, SIGTERM and SIGHUP as events to wait for. Thread: main, before any other thread is started: all
// threads inherit that these signals are blocked.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace kwsd {

/// Only the main thread waits for these signals. Call before any thread is started.
inline sigset_t block_signals(std::initializer_list<int> waited_for) noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : waited_for) {
    sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

class StopSignals {
 public:
  StopSignals() noexcept {
    const sigset_t signals = block_signals({SIGINT, SIGTERM, SIGHUP});
    descriptor_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~StopSignals() { close(descriptor_); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Readable once a signal has arrived.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  enum class Signal { none, stop, reload };
  /// The next signal that has arrived. A SIGHUP that a program sent requests a reload; one from the kernel
  /// means that the terminal is closed.
  [[nodiscard]] Signal next() noexcept {
    signalfd_siginfo info{};
    if (read(descriptor_, &info, sizeof info) != sizeof info) {
      return Signal::none;
    }
    return info.ssi_signo == SIGHUP && info.ssi_code <= 0 ? Signal::reload : Signal::stop;
  }
  /// Whether any of the signals has arrived. Stays true from then on.
  [[nodiscard]] bool arrived() noexcept {
    arrived_ = arrived_ || next() != Signal::none;
    return arrived_;
  }

 private:
  int descriptor_ = -1;
  bool arrived_ = false;
};

}  // namespace kwsd
