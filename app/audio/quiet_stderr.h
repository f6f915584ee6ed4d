// PortAudio's start-up lets ALSA and JACK print dozens of lines directly to file descriptor 2. While an
// object of this class exists, these lines go to /dev/null; the log has a descriptor of its own
// (app/base/log.h) and is not affected. Thread: one at a time (all PortAudio calls come from one thread).
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
