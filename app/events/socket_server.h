// Events for any number of local programs: each connects to a Unix stream socket and reads lines. Nothing
// is ever read from them, so nothing they send can do harm, and none of them can make kwsd wait: each has a
// bounded queue of its own, and what does not fit is dropped, counted, and reported to that reader.
//
//   EventQueue --copy_to--> inbox --> server thread (poll) --> one queue per reader --> sockets
//
// Thread: constructed at set-up, closed by closing the inbox; everything else is its thread's own.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/base/descriptor.h"
#include "app/events/event_queue.h"
#include "app/events/event_sink.h"
#include "app/events/unix_socket.h"

namespace kwsd {

class SocketServer {
 public:
  static constexpr std::size_t most_readers = 256;            ///< one more is turned away
  static constexpr std::size_t most_pending_bytes = 1 << 16;  ///< per reader, besides the kernel's buffer

  /// Starts to serve. Throws Error (unavailable) when the system has no descriptors left.
  SocketServer(std::unique_ptr<UnixListener> listener, EventFormat format);
  /// Closes the inbox, gives readers 0.2 s to take what is waiting for them, hangs up.
  ~SocketServer();

  /// What is posted here goes to every reader.
  [[nodiscard]] EventQueue& inbox() noexcept { return inbox_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Reader;

  void serve() noexcept;
  [[nodiscard]] bool wait(int timeout_ms);
  void accept_readers();
  void hand_out_events();
  void remember(const Event& event, const std::string& line);
  void flush_readers();

  std::unique_ptr<UnixListener> listener_;
  EventFormat format_;
  Descriptor wake_;  // eventfd of the inbox
  EventQueue inbox_;
  std::vector<Reader> readers_;
  std::vector<pollfd> polled_;  // inbox, listener, readers
  Clock::time_point accept_after_{};
  std::string ready_, lost_, silent_, muted_;  // lines that greet a new reader
  std::int64_t missed_ = 0;                    // events that the inbox had no room for
  bool full_ = false;                          // whether the last one who came was turned away
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace kwsd
