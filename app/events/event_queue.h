// Bounded queue of events, many threads to one. `post` takes a short lock and allocates nothing, so
// the inference thread may call it; a slow reader costs events (counted), never time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "app/audio/device_listener.h"
#include "app/events/events.h"

namespace kwsd {

constexpr std::size_t queued_events = 256;  ///< capacity for any number of readers that keep up

class EventQueue final : public DeviceListener {
 public:
  /// Behaviour of `post` when the queue is full: a file run waits, live capture must not.
  enum class WhenFull { wait, drop };

  /// `wake_descriptor`: an eventfd that is signalled for each change, for a reader that polls; -1: none.
  explicit EventQueue(std::size_t capacity, WhenFull when_full = WhenFull::drop, int wake_descriptor = -1);
  /// Before the first post.
  void when_full(WhenFull when_full) noexcept { when_full_ = when_full; }
  /// From here on `other`, which outlives this queue, gets a copy of every event. Before the first post.
  void copy_to(EventQueue& other) { copy_to_.push_back(&other); }

  /// Stamps the event with the wall clock, once for all copies, and queues it. False when it was dropped or
  /// the queue is closed.
  bool post(Event event) noexcept;
  /// The same for a thread that must not wait: if the queue is full, returns false and counts nothing.
  bool post_if_room(Event event) noexcept;
  /// Posts the events of the same names.
  void device_lost(const std::string& device, const std::string& reason) noexcept override;
  void device_restored(const std::string& device, std::uint32_t rate_hz) noexcept override;
  void input_silent(bool silent, int channel, int channels) noexcept override;
  /// Wakes all waiting threads: queued events can still be popped, no more can be posted.
  void close() noexcept;

  enum class Pop { event, timeout, closed };
  /// The oldest event; waits up to `timeout`. `closed` only after the last one was popped.
  [[nodiscard]] Pop pop(Event& out, std::chrono::milliseconds timeout) noexcept;

  /// Events that were dropped so far. Any thread.
  [[nodiscard]] std::int64_t dropped() const noexcept;
  /// Adds `events` that were taken from the queue and could not be written.
  void count_dropped(std::int64_t events) noexcept;

 private:
  bool queue(Event event, bool if_room = false) noexcept;
  void wake() const noexcept;

  WhenFull when_full_;
  const int wake_descriptor_;
  std::vector<EventQueue*> copy_to_;
  mutable std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  std::vector<Event> ring_;  // (capacity)
  std::size_t first_ = 0, count_ = 0;
  std::int64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace kwsd
