// Notifications to systemd, or to any other service manager that set $NOTIFY_SOCKET (sd_notify(3)); none if
// it is unset. A build without libsystemd sends nothing. Thread: main.
#pragma once

#include <optional>
#include <string>

namespace kwsd {

class ServiceManager {
 public:
  ServiceManager();

  /// Whether kwsd runs as a service, so that notifications have a receiver.
  [[nodiscard]] bool present() const noexcept { return present_; }

  void ready() const noexcept;
  void reloading() const noexcept;
  void stopping() const noexcept;
  /// One line for `systemctl status`.
  void status(const std::string& line) const noexcept;
  /// The longest interval between two watchdog notifications; nothing: no watchdog.
  [[nodiscard]] std::optional<double> watchdog_seconds() const noexcept { return watchdog_seconds_; }
  void feed_watchdog() const noexcept;

  /// Listening Unix stream sockets that the service manager created for kwsd (sd_listen_fds(3)); -1: none.
  struct Sockets {
    int events = -1;
    int control = -1;  ///< the one whose path ends in "/control"
  };
  /// Throws Error (usage) when a passed descriptor is anything else.
  [[nodiscard]] static Sockets take_sockets();

 private:
  bool present_ = false;
  std::optional<double> watchdog_seconds_;
};

}  // namespace kwsd
