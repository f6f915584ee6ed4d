// A value that one thread publishes and others read. Publishing never waits: while another thread reads, the
// value is skipped, and the next one is published instead.
#pragma once

#include <mutex>
#include <type_traits>

namespace kwsd {

template <class Value>
class Snapshot {
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  /// Thread: one, perhaps the inference thread.
  void publish(const Value& value) noexcept {
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) {
      value_ = value;
    }
  }
  /// Thread: any. The value published last, or the one before.
  [[nodiscard]] Value get() const noexcept {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  Value value_{};
};

}  // namespace kwsd
