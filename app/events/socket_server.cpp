#include "app/events/socket_server.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "app/base/log.h"
#include "app/base/thread_name.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr std::size_t inbox_events = 256;
constexpr std::chrono::milliseconds last_words(200);
constexpr int idle_ms = 1000;  // also how long no connection is accepted after accept failed

}  // namespace

/// One connection.
struct SocketServer::Reader {
  Descriptor descriptor;
  std::string pending;       // lines, the first perhaps in part
  std::int64_t dropped = 0;  // events since the last report
  bool gone = false;

  void offer(std::string_view line) {
    if (dropped > 0 || pending.size() + line.size() > most_pending_bytes) {
      dropped += line.empty() ? 0 : 1;  // until all that waits is read: lines never overtake a report
    } else {
      pending += line;
    }
  }

  /// Sends what the kernel takes now.
  void flush(const EventFormat& format) {
    if (pending.empty() && dropped > 0) {
      pending = format_event({DroppedEvent{dropped}, std::chrono::system_clock::now()}, format);
      dropped = 0;
    }
    if (pending.empty()) {
      return;
    }
    const ssize_t sent = send(descriptor.get(), pending.data(), pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      pending.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
      gone = true;
    }
  }
};

SocketServer::SocketServer(std::unique_ptr<UnixListener> listener, EventFormat format)
    : listener_(std::move(listener)),
      format_(format),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      inbox_(inbox_events, EventQueue::WhenFull::drop, wake_.get()) {
  if (wake_.get() < 0) {
    throw Error(ErrorKind::unavailable, "socket: no descriptor is left");
  }
  thread_ = std::thread([this] {
    name_thread("kwsd-socket");
    serve();
  });
}

SocketServer::~SocketServer() {
  inbox_.close();
  thread_.join();
}

void SocketServer::serve() noexcept {
  while (!closed_) {
    const bool somebody_calls = wait(idle_ms);
    hand_out_events();
    if (somebody_calls) {
      accept_readers();
    }
    flush_readers();
  }
  const auto until = Clock::now() + last_words;
  const auto waits = [](const Reader& reader) { return !reader.pending.empty(); };
  while (std::any_of(readers_.begin(), readers_.end(), waits) && Clock::now() < until) {
    (void)wait(20);
    flush_readers();
  }
}

/// Until there is an event, room in a socket, or somebody who hangs up or calls; true for the last.
bool SocketServer::wait(int timeout_ms) {
  polled_.clear();
  polled_.push_back({wake_.get(), POLLIN, 0});
  polled_.push_back({closed_ || Clock::now() < accept_after_ ? -1 : listener_->get(), POLLIN, 0});
  for (const Reader& reader : readers_) {
    polled_.push_back({reader.descriptor.get(), static_cast<short>(reader.pending.empty() ? 0 : POLLOUT), 0});
  }
  if (poll(polled_.data(), polled_.size(), timeout_ms) <= 0) {
    return false;
  }
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    readers_[i].gone = (polled_[i + 2].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  }
  std::erase_if(readers_, [](const Reader& reader) { return reader.gone; });
  return polled_[1].revents != 0;
}

void SocketServer::accept_readers() {
  for (int calls = 0; calls < 16; ++calls) {  // then the readers have their turn
    Descriptor caller(accept4(listener_->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (caller.get() < 0) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        accept_after_ = Clock::now() + std::chrono::milliseconds(idle_ms);  // no descriptor is left
      }
      return;
    }
    const bool was_full = std::exchange(full_, readers_.size() >= most_readers);
    if (full_) {
      if (!was_full) {
        spdlog::warn("socket: {} readers are connected; further connections are rejected", readers_.size());
      }
      continue;
    }
    shutdown(caller.get(), SHUT_RD);  // what a reader sends is refused by the kernel
    readers_.push_back({std::move(caller), ready_ + lost_ + silent_ + muted_, 0, false});
  }
}

void SocketServer::hand_out_events() {
  Event event;
  EventQueue::Pop popped = EventQueue::Pop::timeout;
  while ((popped = inbox_.pop(event, std::chrono::milliseconds(0))) == EventQueue::Pop::event) {
    const std::string line = format_event(event, format_);
    remember(event, line);
    for (Reader& reader : readers_) {
      reader.offer(line);
    }
  }
  closed_ = popped == EventQueue::Pop::closed;
  const std::int64_t missed = inbox_.dropped();
  for (Reader& reader : readers_) {
    reader.dropped += missed - missed_;
  }
  missed_ = missed;
}

/// What a new reader is told first: that kwsd listens, and where it does not hear, why.
void SocketServer::remember(const Event& event, const std::string& line) {
  if (std::holds_alternative<ReadyEvent>(event.body)) {
    ready_ = line;
  } else if (std::holds_alternative<DeviceLostEvent>(event.body)) {
    lost_ = line;
  } else if (std::holds_alternative<DeviceRestoredEvent>(event.body)) {
    lost_.clear();
  } else if (const auto* input = std::get_if<SilentInputEvent>(&event.body)) {
    silent_ = input->silent ? line : "";
  } else if (const auto* mute = std::get_if<MutedEvent>(&event.body)) {
    muted_ = mute->muted ? line : "";
  }
}

void SocketServer::flush_readers() {
  for (Reader& reader : readers_) {
    reader.flush(format_);
  }
  std::erase_if(readers_, [](const Reader& reader) { return reader.gone; });
}

}  // namespace kwsd
