// Where events go: stdout, a socket. Thread: the output thread alone.
#pragma once

#include <string>

#include "app/events/events.h"

namespace kwsd {

class EventSink {
 public:
  EventSink() = default;
  virtual ~EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;

  /// Hands the event on. May wait for a slow reader (capture and inference do not wait for this thread),
  /// but gives up soon after `interrupt`. False when it could not be handed on: it is then counted as
  /// dropped.
  virtual bool write(const Event& event) = 0;
  /// The program is ending: whoever waits in `write` stops waiting within 0.5 s. Any thread.
  virtual void interrupt() noexcept {}
};

/// How an event is put into words.
struct EventFormat {
  bool text = false;       ///< the bare keyword of detections, nothing else; otherwise JSON
  bool wall_clock = true;  ///< JSON carries "time"
};

/// One line with its line break; empty where the format has nothing to say for this event.
[[nodiscard]] std::string format_event(const Event& event, const EventFormat& format);

/// RFC 3339 in UTC with milliseconds.
[[nodiscard]] std::string timestamp(std::chrono::system_clock::time_point time);

}  // namespace kwsd
