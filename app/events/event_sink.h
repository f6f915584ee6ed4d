// The destination of events: stdout, a socket. Thread: the output thread alone.
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

  /// Writes the event. May wait for a slow reader (capture and inference do not wait for this thread), but
  /// gives up soon after `interrupt`. False if the event could not be written: it is then counted as dropped.
  virtual bool write(const Event& event) = 0;
  /// The program is ending: a waiting `write` returns within 0.5 s. Any thread.
  virtual void interrupt() noexcept {}
};

/// The format of an event's text.
struct EventFormat {
  bool text = false;       ///< the bare keyword of detections, nothing else; otherwise JSON
  bool wall_clock = true;  ///< JSON carries "time"
};

/// One line with its line break; empty if the format has no line for this event.
[[nodiscard]] std::string format_event(const Event& event, const EventFormat& format);

/// RFC 3339 in UTC with milliseconds.
[[nodiscard]] std::string timestamp(std::chrono::system_clock::time_point time);

}  // namespace kwsd
