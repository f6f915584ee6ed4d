// PortAudio's start-up lets ALSA and JACK print dozens of lines straight to file descriptor 2. While one
// of these lives, they go to /dev/null; the log has a descriptor of its own (app/base/log.h) and is not
// touched. Thread: one at a time (all PortAudio calls come from one thread).
#pragma once

namespace kwsd {

class QuietStderr {
 public:
  QuietStderr() noexcept;
  ~QuietStderr();
  QuietStderr(const QuietStderr&) = delete;
  QuietStderr& operator=(const QuietStderr&) = delete;

 private:
  int saved_ = -1;  // the real stderr; -1: nothing was redirected
};

}  // namespace kwsd
