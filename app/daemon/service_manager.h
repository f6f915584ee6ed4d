// What kwsd tells systemd, or whoever set $NOTIFY_SOCKET (sd_notify(3)); nobody: nothing happens. Built
// without libsystemd, it does nothing. Thread: main.
#pragma once

#include <optional>
#include <string>

namespace kwsd {

class ServiceManager {
 public:
  ServiceManager();

  /// Whether somebody listens: kwsd runs as a service.
  [[nodiscard]] bool present() const noexcept { return present_; }

  void ready() const noexcept;
  void reloading() const noexcept;
  void stopping() const noexcept;
  /// One line for `systemctl status`.
  void status(const std::string& line) const noexcept;
  /// The watchdog wants to be fed at least this often; nothing: no watchdog.
  [[nodiscard]] std::optional<double> watchdog_seconds() const noexcept { return watchdog_seconds_; }
  void feed_watchdog() const noexcept;

  /// Listening Unix stream sockets that the service manager made for us (sd_listen_fds(3)); -1: none.
  struct Sockets {
    int events = -1;
    int control = -1;  ///< the one whose path ends in "/control"
  };
  /// Throws Error (usage) when what was passed is something else.
  [[nodiscard]] static Sockets take_sockets();

 private:
  bool present_ = false;
  std::optional<double> watchdog_seconds_;
};

}  // namespace kwsd
