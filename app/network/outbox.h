// Messages waiting for the broker: bounded, so that a slow or unreachable broker costs old detections and no
// memory. States (retained) go first, the newest of each topic; detections follow in their order, and the
// oldest waiting ones make room for new ones. A message stays until the broker acknowledges it. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "app/network/mqtt_message.h"

namespace kwsd {

class Outbox {
 public:
  /// `most` detections, at least 1. States are not counted: their topics are few.
  explicit Outbox(std::size_t most) : most_(most) {}

  void push(MqttMessage message);

  /// The next message to send, until sent() is called for it; null: none. Drops and counts what has expired.
  [[nodiscard]] const MqttMessage* next(double now);
  /// The message that next() returned was sent; `id` is the number that the broker will acknowledge.
  void sent(int id);
  void acknowledged(int id);
  /// Unacknowledged messages wait again.
  void connection_lost();

  [[nodiscard]] std::size_t waiting() const noexcept { return states_.size() + events_.size() - in_flight(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return states_in_flight_ + events_in_flight_; }
  /// Whether a message was sent and has expired without an acknowledgement.
  [[nodiscard]] bool overdue(double now) const;

  [[nodiscard]] std::int64_t dropped() const noexcept { return dropped_; }  ///< because the outbox was full
  [[nodiscard]] std::int64_t expired() const noexcept { return expired_; }
  [[nodiscard]] std::int64_t delivered() const noexcept { return delivered_; }  ///< detections

 private:
  struct Entry {
    MqttMessage message;
    int id = 0;  // 0: waits
  };

  [[nodiscard]] std::deque<Entry>::iterator first_waiting();

  std::size_t most_;
  std::deque<Entry> states_, events_;  // of the events, those that were sent come first
  Entry* next_ = nullptr;
  std::size_t states_in_flight_ = 0, events_in_flight_ = 0;
  std::int64_t dropped_ = 0, expired_ = 0, delivered_ = 0;
};

}  // namespace kwsd
