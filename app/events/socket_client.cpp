#include "app/events/socket_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "engine/model/error.h"

namespace kwsd {

SocketClient::SocketClient(Descriptor descriptor, bool asks)
    : descriptor_(std::move(descriptor)), asks_(asks), subscribed_(!asks) {
  if (!asks) {
    shutdown(descriptor_.get(), SHUT_RD);
    return;
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(descriptor_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer_ = {credentials.pid, credentials.uid};
  }
}

short SocketClient::wanted() const noexcept {
  const bool reads = asks_ && !finished_ && !ends_ && pending_.empty();
  return static_cast<short>((pending_.empty() ? 0 : POLLOUT) | (reads ? POLLIN : 0));
}

/// A program that has closed the connection may have sent a request first.
void SocketClient::note(short events) noexcept {
  readable_ = (events & POLLIN) != 0;
  gone_ = gone_ || (events & (POLLERR | POLLNVAL)) != 0 || ((events & POLLHUP) != 0 && !readable_);
}

void SocketClient::subscribe(std::string_view greeting) {
  if (!std::exchange(subscribed_, true)) {
    pending_ += greeting;
  }
}

void SocketClient::offer(std::string_view line) {
  if (!subscribed_) {
    return;
  }
  if (dropped_ > 0 || pending_.size() + line.size() > most_pending_bytes) {
    dropped_ += line.empty() ? 0 : 1;
  } else {
    pending_ += line;
  }
}

void SocketClient::flush(const EventFormat& format) {
  if (pending_.empty() && dropped_ > 0) {
    pending_ = format_event({DroppedEvent{dropped_}, std::chrono::system_clock::now()}, format);
    dropped_ = 0;
  }
  if (!pending_.empty()) {
    const ssize_t sent =
        send(descriptor_.get(), pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      pending_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
      gone_ = true;
    }
  }
  const bool done = ends_ || (finished_ && received_.empty() && !subscribed_);
  gone_ = gone_ || (done && pending_.empty());
}

void SocketClient::receive() {
  if (!std::exchange(readable_, false) || !pending_.empty() || received_.find('\n') != std::string::npos) {
    return;
  }
  std::array<char, 4096> bytes;
  const ssize_t got = recv(descriptor_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got > 0) {
    received_.append(bytes.data(), static_cast<std::size_t>(got));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    finished_ = true;
    received_ +=
        received_.empty() || received_.back() == '\n' ? "" : "\n";  // the last line may lack a line break
  }
}

std::optional<std::string> SocketClient::next_request() {
  if (!pending_.empty() || ends_ || gone_) {
    return std::nullopt;
  }
  const std::size_t end = received_.find('\n');
  if (std::min(end, received_.size()) > most_request_bytes) {
    answer(refusal_line("found a line of more than " + std::to_string(most_request_bytes) +
                            " bytes, expected at most " + std::to_string(most_request_bytes),
                        static_cast<int>(ErrorKind::usage)));
    received_.clear();
    ends_ = true;
    return std::nullopt;
  }
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string request = received_.substr(0, end);
  received_.erase(0, end + 1);
  return request;
}

}  // namespace kwsd
