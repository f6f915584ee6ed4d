#include "app/events/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "app/events/unix_socket.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

[[noreturn]] void lose(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::unavailable, "control socket '" + path + "': " + what);
}

/// Waits until `descriptor` has one of `events` or has failed; false once the time is over.
bool wait_until(int descriptor, short events, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd polled{descriptor, events, 0};
    const int ready = poll(&polled, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (ready > 0 || (ready < 0 && errno != EINTR)) {
      return true;
    }
    if (left <= 0) {
      return false;
    }
  }
}

bool is_event(std::string_view line) {
  return line.starts_with(R"({"event":)");
}

}  // namespace

std::string default_control_path() {
  if (const char* folder = std::getenv("XDG_RUNTIME_DIR"); folder != nullptr && *folder != '\0') {
    std::string own = std::string(folder) + "/kwsd/control";
    struct stat found {};
    if (stat(own.c_str(), &found) == 0) {
      return own;
    }
  }
  return "/run/kwsd/control";
}

ControlClient::ControlClient(std::string path) : path_(std::move(path)) {
  (void)unix_address(path_, "--control");
}

void ControlClient::connect() {
  if (connected()) {
    return;
  }
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = unix_address(path_, "--control");
  if (made.get() < 0 ||
      ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    lose(path_, errno == ECONNREFUSED || errno == ENOENT
                    ? "no kwsd listens there (setting 'control', or kwsd.socket)"
                    : std::strerror(errno));
  }
  socket_ = std::move(made);
}

void ControlClient::hang_up() noexcept {
  socket_ = Descriptor();
  received_.clear();
  subscribed_ = false;
}

std::string ControlClient::request(std::string_view line, std::chrono::milliseconds timeout) {
  connect();
  const auto until = Clock::now() + timeout;
  try {
    send_line(line, until);
    return answer(until);
  } catch (const Error&) {
    hang_up();
    throw;
  }
}

void ControlClient::send_line(std::string_view line, Clock::time_point until) {
  const std::string text = std::string(line) + '\n';
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t sent =
        send(socket_.get(), text.data() + done, text.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EAGAIN && errno != EINTR) {
      lose(path_, std::strerror(errno));
    } else if (!wait_until(socket_.get(), POLLOUT, until)) {
      lose(path_, "kwsd does not read the request");
    }
  }
}

/// The first complete line of the received bytes. Throws if it is too long.
std::optional<std::string> ControlClient::take_line() {
  const std::size_t end = received_.find('\n');
  if (std::min(end, received_.size()) > most_line_bytes) {
    lose(path_, "found a line of more than " + std::to_string(most_line_bytes) + " bytes");
  }
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return line;
}

/// Nothing if the time is over. Throws if kwsd closes the connection.
std::optional<std::string> ControlClient::read_line(Clock::time_point until) {
  for (;;) {
    if (auto line = take_line()) {
      return line;
    }
    if (!wait_until(socket_.get(), POLLIN, until)) {
      return std::nullopt;
    }
    std::array<char, 4096> bytes;
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) {
      received_.append(bytes.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      lose(path_, got == 0 ? "kwsd has ended the connection" : std::strerror(errno));
    }
  }
}

std::string ControlClient::answer(Clock::time_point until) {
  while (auto line = read_line(until)) {
    if (!is_event(*line)) {
      return *std::move(line);
    }
    if (events_.size() < most_waiting_events) {
      events_.push_back(*std::move(line));
    }
  }
  lose(path_, "kwsd does not answer");
}

/// Connected and subscribed; otherwise waits for the next attempt, at most up to `until`.
bool ControlClient::restore(Clock::time_point until) {
  if (connected() && subscribed_) {
    return true;
  }
  if (const auto now = Clock::now(); now < connect_after_) {
    std::this_thread::sleep_until(std::min(until, connect_after_));
    return false;
  }
  try {
    subscribe();
    return true;
  } catch (const Error&) {
    pause_ = std::clamp(2 * pause_, first_pause, longest_pause);
    connect_after_ = Clock::now() + pause_;
    return false;
  }
}

void ControlClient::subscribe() {
  if (const std::string line = request(R"({"command":"subscribe"})"); !line.starts_with(R"({"ok":true)")) {
    hang_up();
    lose(path_, "kwsd answers " + line);
  }
  subscribed_ = true;
  pause_ = std::chrono::milliseconds(0);
}

std::optional<std::string> ControlClient::next_event(std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  do {
    if (!events_.empty()) {
      std::string event = std::move(events_.front());
      events_.pop_front();
      return event;
    }
    if (!restore(until)) {
      continue;
    }
    try {
      auto line = read_line(until);
      if (!line || is_event(*line)) {
        return line;
      }
    } catch (const Error&) {
      hang_up();
    }
  } while (Clock::now() < until);
  return std::nullopt;
}

}  // namespace kwsd
