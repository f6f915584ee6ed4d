#include "app/events/stdout_sink.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace kwsd {

bool StdoutSink::write(const Event& event) {
  const std::string line = format_event(event, format_);
  constexpr int wait_ms = 100;
  std::size_t done = 0;
  while (done < line.size() && !reader_gone_) {
    pollfd wait{descriptor_, POLLOUT, 0};
    const int ready = poll(&wait, 1, patience_ > 0 ? wait_ms : 0);
    if (ready == 0 && interrupted_ && --patience_ <= 0) {
      return false;
    }
    if (ready <= 0) {
      continue;
    }
    // At most PIPE_BUF bytes: a pipe that is ready takes them without blocking.
    const ssize_t n =
        ::write(descriptor_, line.data() + done, std::min<std::size_t>(line.size() - done, PIPE_BUF));
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EPIPE) {
      reader_gone_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      failure_ = errno;
      return false;
    }
  }
  return done == line.size();
}

}  // namespace kwsd
