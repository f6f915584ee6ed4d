#include "app/events/event_queue.h"

#include <sys/eventfd.h>

#include <utility>

namespace kwsd {

EventQueue::EventQueue(std::size_t capacity, WhenFull when_full, int wake_descriptor)
    : when_full_(when_full), wake_descriptor_(wake_descriptor), ring_(capacity) {}

void EventQueue::wake() const noexcept {
  if (wake_descriptor_ >= 0) {
    eventfd_write(wake_descriptor_, 1);
  }
}

bool EventQueue::post(Event event) noexcept {
  event.time = std::chrono::system_clock::now();
  for (EventQueue* copy : copy_to_) {
    copy->queue(event);
  }
  return queue(std::move(event));
}

bool EventQueue::post_if_room(Event event) noexcept {
  event.time = std::chrono::system_clock::now();
  if (!queue(event, true)) {
    return false;
  }
  for (EventQueue* copy : copy_to_) {
    copy->queue(event, true);
  }
  return true;
}

void EventQueue::device_lost(const std::string& device, const std::string& reason) noexcept {
  post({DeviceLostEvent{device, reason}, {}});
}

void EventQueue::device_restored(const std::string& device, std::uint32_t rate_hz) noexcept {
  post({DeviceRestoredEvent{device, rate_hz}, {}});
}

void EventQueue::input_silent(bool silent, int channel, int channels) noexcept {
  post({SilentInputEvent{silent, channel, channels}, {}});
}

bool EventQueue::queue(Event event, bool if_room) noexcept {
  {
    std::unique_lock lock(mutex_);
    if (when_full_ == WhenFull::wait && !if_room) {
      emptied_.wait(lock, [this] { return closed_ || count_ < ring_.size(); });
    }
    if (closed_ || count_ == ring_.size()) {
      dropped_ += if_room ? 0 : 1;
      return false;
    }
    ring_[(first_ + count_) % ring_.size()] = std::move(event);
    ++count_;
  }
  filled_.notify_one();
  wake();
  return true;
}

void EventQueue::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
  wake();
  emptied_.notify_all();
}

EventQueue::Pop EventQueue::pop(Event& out, std::chrono::milliseconds timeout) noexcept {
  {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, timeout, [this] { return closed_ || count_ > 0; });
    if (count_ == 0) {
      return closed_ ? Pop::closed : Pop::timeout;
    }
    out = std::move(ring_[first_]);
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
  emptied_.notify_one();
  return Pop::event;
}

std::int64_t EventQueue::dropped() const noexcept {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void EventQueue::count_dropped(std::int64_t events) noexcept {
  const std::lock_guard lock(mutex_);
  dropped_ += events;
}

}  // namespace kwsd
