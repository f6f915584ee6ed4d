// The output thread: takes events from the queue and writes them to one sink. Thread: its own.
#pragma once

#include <mutex>
#include <string>
#include <thread>

#include "app/events/event_queue.h"
#include "app/events/event_sink.h"

namespace kwsd {

/// Logs a warning, and its end.
void log_silent_input(const SilentInputEvent& input);

class Output {
 public:
  /// Starts to write. Both arguments outlive it.
  Output(EventQueue& events, EventSink& sink);
  ~Output();  ///< closes the queue, and writes the remaining events

  /// The last detection as text; empty: none yet. Any thread.
  [[nodiscard]] std::string last_detection() const;

 private:
  void work() noexcept;
  void note(const Event& event);

  EventQueue& events_;
  EventSink& sink_;
  mutable std::mutex mutex_;
  std::string last_detection_;
  std::thread thread_;
};

}  // namespace kwsd
