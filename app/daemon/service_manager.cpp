#include "app/daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "engine/model/error.h"

#ifdef KWSD_SYSTEMD
#include <systemd/sd-daemon.h>
#else  // the same names, with nobody at the other end
namespace {
int sd_notify(int, const char*) {
  return 0;
}
int sd_watchdog_enabled(int, std::uint64_t*) {
  return 0;
}
int sd_listen_fds(int) {
  return 0;
}
int sd_is_socket_unix(int, int, int, const char*, std::size_t) {
  return 0;
}
constexpr int SD_LISTEN_FDS_START = 3;
}  // namespace
#endif

namespace kwsd {

namespace {

/// Where a Unix socket is bound; empty for anything else.
std::string path_of(int descriptor) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.sun_family != AF_UNIX) {
    return "";
  }
  const std::size_t length = size - offsetof(sockaddr_un, sun_path);
  return {address.sun_path, strnlen(address.sun_path, std::min(length, sizeof address.sun_path))};
}

}  // namespace

ServiceManager::ServiceManager() : present_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) > 0) {
    watchdog_seconds_ = static_cast<double>(microseconds) / 1e6;
  }
}

void ServiceManager::ready() const noexcept {
  sd_notify(0, "READY=1");
}

void ServiceManager::reloading() const noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void ServiceManager::stopping() const noexcept {
  sd_notify(0, "STOPPING=1");
}

void ServiceManager::status(const std::string& line) const noexcept {
  sd_notify(0, ("STATUS=" + line).c_str());
}

void ServiceManager::feed_watchdog() const noexcept {
  sd_notify(0, "WATCHDOG=1");
}

ServiceManager::Sockets ServiceManager::take_sockets() {
  Sockets sockets;
  const int count = sd_listen_fds(1);
  for (int i = 0; i < count; ++i) {
    const int descriptor = SD_LISTEN_FDS_START + i;
    int& place = path_of(descriptor).ends_with("/control") ? sockets.control : sockets.events;
    if (place >= 0 || sd_is_socket_unix(descriptor, SOCK_STREAM, 1, nullptr, 0) <= 0) {
      throw Error(
          ErrorKind::usage,
          "socket activation: found " + std::to_string(count) +
              " descriptor(s), expected one listening Unix stream socket, or two, of which the path of one "
              "ends in /control");
    }
    place = descriptor;
  }
  return sockets;
}

}  // namespace kwsd
