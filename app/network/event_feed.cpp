#include "app/network/event_feed.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace kwsd {

void EventFeed::connect(double now) {
  if (connected() || now < next_try_) {
    return;
  }
  next_try_ = now + retry_seconds;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.get() < 0 ||
      ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    reason_ = std::strerror(errno);
    return;
  }
  socket_ = std::move(made);
}

bool EventFeed::read_some() {
  std::array<char, 65536> piece;
  const ssize_t got = recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (got > 0) {
    bytes_.append(piece.data(), static_cast<std::size_t>(got));
  }
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void EventFeed::hang_up() {
  socket_ = Descriptor();
  bytes_.clear();
}

}  // namespace kwsd
