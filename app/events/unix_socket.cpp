#include "app/events/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr int backlog = 64;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::unavailable, "socket '" + path + "': " + what);
}

Descriptor make_socket(const std::string& path) {
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.get() < 0) {
    fail(path, std::strerror(errno));
  }
  return made;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Makes way for a new socket: removes an old one without a listener, keeps anything else.
void remove_stale(const std::string& path, const std::string& setting, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    return;
  }
  if (!S_ISSOCK(found.st_mode)) {
    throw Error(ErrorKind::usage, setting + ": '" + path + "' exists, expected a socket or nothing there");
  }
  const Descriptor probe = make_socket(path);
  if (connect(probe.get(), generic(address), sizeof address) == 0 || errno != ECONNREFUSED) {
    fail(path, "another program listens there");
  }
  unlink(path.c_str());
}

}  // namespace

sockaddr_un unix_address(const std::string& path, const std::string& setting) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw Error(ErrorKind::usage, setting + ": found a path of " + std::to_string(path.size()) +
                                      " bytes, expected at most " +
                                      std::to_string(sizeof address.sun_path - 1));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

UnixListener::UnixListener(std::string path, const std::string& setting) {
  const sockaddr_un address = unix_address(path, setting);
  remove_stale(path, setting, address);
  descriptor_ = make_socket(path);
  const mode_t before = umask(0117);
  const int bound = bind(descriptor_.get(), generic(address), sizeof address);
  const int reason = errno;
  umask(before);
  if (bound != 0) {
    fail(path, std::strerror(reason));
  }
  path_ = std::move(path);
  if (listen(descriptor_.get(), backlog) != 0) {
    const int why = errno;
    unlink(path_.c_str());
    fail(path_, std::strerror(why));
  }
}

UnixListener::UnixListener(int listening) : descriptor_(listening) {
  fcntl(listening, F_SETFL, fcntl(listening, F_GETFL) | O_NONBLOCK);
}

UnixListener::~UnixListener() {
  if (!path_.empty()) {
    unlink(path_.c_str());
  }
}

}  // namespace kwsd
