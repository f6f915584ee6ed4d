// Events as lines on a file descriptor. A slow reader makes only the output thread wait.
#pragma once

#include <atomic>

#include "app/events/event_sink.h"

namespace kwsd {

class StdoutSink final : public EventSink {
 public:
  StdoutSink(int descriptor, EventFormat format) : descriptor_(descriptor), format_(format) {}

  bool write(const Event& event) override;
  void interrupt() noexcept override { interrupted_ = true; }
  /// The reader has closed the pipe: the program has no reader left.
  [[nodiscard]] bool reader_gone() const noexcept { return reader_gone_; }
  /// errno of a write that failed for another reason (disk full), or 0.
  [[nodiscard]] int failure() const noexcept { return failure_; }

 private:
  int descriptor_;
  EventFormat format_;
  int patience_ = 4;  // waits for the reader, of 0.1 s, once interrupted: for all events together
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> reader_gone_{false};
  std::atomic<int> failure_{0};
};

}  // namespace kwsd
