// Events for any number of local programs: each connects to a Unix stream socket and reads lines. None of
// them can make kwsd wait: each has a bounded queue of its own, and events that do not fit are dropped,
// counted, and reported to that client. Without a handler the server reads nothing from clients. With one,
// they send requests, and get events once they have subscribed.
//
//   EventQueue --copy_to--> inbox --> server thread (poll) --> one queue per client --> sockets
//                                             requests <--> RequestHandler
//
// Thread: constructed at set-up, closed by closing the inbox; everything else belongs to its own thread.
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/base/descriptor.h"
#include "app/events/event_queue.h"
#include "app/events/event_sink.h"
#include "app/events/request_handler.h"
#include "app/events/socket_client.h"
#include "app/events/unix_socket.h"

namespace kwsd {

class SocketServer {
 public:
  static constexpr std::size_t most_clients = 256;  ///< further connections are rejected

  /// Starts to serve. `handler` answers requests and outlives this; null: no requests. Throws Error
  /// (unavailable) when the system has no descriptors left.
  SocketServer(std::unique_ptr<UnixListener> listener, EventFormat format, RequestHandler* handler = nullptr);
  /// Closes the inbox, gives clients 0.2 s to receive their pending lines, closes the connections.
  ~SocketServer();

  /// Events posted here go to every subscribed client.
  [[nodiscard]] EventQueue& inbox() noexcept { return inbox_; }
  /// Number of connected programs. Any thread.
  [[nodiscard]] int clients() const noexcept { return count_; }

 private:
  using Clock = std::chrono::steady_clock;

  void serve() noexcept;
  [[nodiscard]] bool wait(int timeout_ms);
  void accept_clients();
  void reject(int caller, bool again) const;
  void remove_gone();
  void hand_out_events();
  void serve_clients();
  void answer_requests(SocketClient& client);
  [[nodiscard]] std::string greeting() const;
  void remember(const Event& event, const std::string& line);

  std::unique_ptr<UnixListener> listener_;
  const EventFormat format_;
  RequestHandler* const handler_;
  Descriptor wake_;  // eventfd of the inbox
  EventQueue inbox_;
  std::vector<SocketClient> clients_;
  std::vector<pollfd> polled_;  // inbox, listener, clients
  std::atomic<int> count_{0};   // of clients_
  Clock::time_point accept_after_{};
  std::string ready_, lost_, silent_, muted_;  // lines that greet a new client
  std::int64_t missed_ = 0;                    // events that did not fit into the inbox
  bool full_ = false;                          // whether the last connection was rejected
  bool requests_wait_ = false;                 // some client has sent more than is read in one turn
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace kwsd
