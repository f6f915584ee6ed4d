#include "app/audio/quiet_stderr.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>

namespace kwsd {

QuietStderr::QuietStderr() noexcept {
  if (spdlog::should_log(spdlog::level::debug)) {
    return;  // --log-level debug shows the libraries' messages
  }
  const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing < 0) {
    return;
  }
  std::fflush(stderr);
  saved_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved_ >= 0) {
    dup2(nothing, STDERR_FILENO);
  }
  close(nothing);
}

QuietStderr::~QuietStderr() {
  if (saved_ >= 0) {
    std::fflush(stderr);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }
}

}  // namespace kwsd
