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
constexpr int idle_ms = 1000;  // also the pause in accepting connections after accept failed

}  // namespace

SocketServer::SocketServer(std::unique_ptr<UnixListener> listener, EventFormat format,
                           RequestHandler* handler)
    : listener_(std::move(listener)),
      format_(format),
      handler_(handler),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      inbox_(inbox_events, EventQueue::WhenFull::drop, wake_.get()) {
  if (wake_.get() < 0) {
    throw Error(ErrorKind::unavailable, "socket: no descriptor is left");
  }
  thread_ = std::thread([this] {
    name_thread(handler_ == nullptr ? "kwsd-socket" : "kwsd-control");
    serve();
  });
}

SocketServer::~SocketServer() {
  inbox_.close();
  thread_.join();
}

void SocketServer::serve() noexcept {
  while (!closed_) {
    const bool somebody_calls = wait(requests_wait_ ? 0 : idle_ms);
    hand_out_events();
    if (somebody_calls) {
      accept_clients();
    }
    serve_clients();
  }
  const auto until = Clock::now() + last_words;
  const auto waits = [](const SocketClient& client) { return client.pending(); };
  while (std::any_of(clients_.begin(), clients_.end(), waits) && Clock::now() < until) {
    (void)wait(20);
    for (SocketClient& client : clients_) {
      client.flush(format_);
    }
    remove_gone();
  }
}

/// Waits until there is an event, room in a socket, a request, a closed connection, or a new connection; true
/// for a new connection.
bool SocketServer::wait(int timeout_ms) {
  polled_.clear();
  polled_.push_back({wake_.get(), POLLIN, 0});
  polled_.push_back({closed_ || Clock::now() < accept_after_ ? -1 : listener_->get(), POLLIN, 0});
  for (const SocketClient& client : clients_) {
    polled_.push_back({client.descriptor(), client.wanted(), 0});
  }
  if (poll(polled_.data(), polled_.size(), timeout_ms) <= 0) {
    return false;
  }
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    clients_[i].note(polled_[i + 2].revents);
  }
  remove_gone();
  return polled_[1].revents != 0;
}

void SocketServer::accept_clients() {
  for (int calls = 0; calls < 16; ++calls) {  // then the clients are served
    Descriptor caller(accept4(listener_->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (caller.get() < 0) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        accept_after_ = Clock::now() + std::chrono::milliseconds(idle_ms);  // no descriptor is available
      }
      return;
    }
    const bool was_full = std::exchange(full_, clients_.size() >= most_clients);
    if (full_) {
      reject(caller.get(), was_full);
      continue;
    }
    clients_.emplace_back(std::move(caller), handler_ != nullptr);
    if (handler_ == nullptr) {
      clients_.back().answer(greeting());
    }
  }
  count_ = static_cast<int>(clients_.size());
}

void SocketServer::reject(int caller, bool again) const {
  const std::string reason =
      fmt::format("{} programs are connected; further connections are rejected", most_clients);
  if (!again) {
    spdlog::warn("socket: {}", reason);
  }
  if (handler_ != nullptr) {
    const std::string line = refusal_line(reason, static_cast<int>(ErrorKind::unavailable));
    (void)!send(caller, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

void SocketServer::remove_gone() {
  std::erase_if(clients_, [](const SocketClient& client) { return client.gone(); });
  count_ = static_cast<int>(clients_.size());
}

void SocketServer::hand_out_events() {
  Event event;
  EventQueue::Pop popped = EventQueue::Pop::timeout;
  while ((popped = inbox_.pop(event, std::chrono::milliseconds(0))) == EventQueue::Pop::event) {
    if (handler_ != nullptr) {
      handler_->on_event(event);
    }
    const std::string line = format_event(event, format_);
    remember(event, line);
    for (SocketClient& client : clients_) {
      client.offer(line);
    }
  }
  closed_ = popped == EventQueue::Pop::closed;
  const std::int64_t missed = inbox_.dropped();
  for (SocketClient& client : clients_) {
    client.count_dropped(missed - missed_);
  }
  missed_ = missed;
}

void SocketServer::serve_clients() {
  requests_wait_ = false;
  for (SocketClient& client : clients_) {
    client.flush(format_);
    if (handler_ != nullptr) {
      answer_requests(client);
      client.flush(format_);
    }
  }
  remove_gone();
}

/// A few at a time, so that other clients are served in between.
void SocketServer::answer_requests(SocketClient& client) {
  constexpr int turn = 16;
  client.receive();
  int answered = 0;
  std::optional<std::string> request;
  while (answered < turn && (request = client.next_request())) {
    const Answer answer = handler_->answer(*request, client.peer());
    client.answer(answer.line);
    if (answer.subscribes) {
      client.subscribe(greeting());
    }
    client.flush(format_);
    ++answered;
  }
  requests_wait_ = requests_wait_ || answered == turn;
}

std::string SocketServer::greeting() const {
  return ready_ + lost_ + silent_ + muted_;
}

/// The first lines for a new reader: kwsd listens, and if it gets no sound, the reason.
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

}  // namespace kwsd
