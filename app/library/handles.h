// Handles that a program holds: numbers that are never reused, so that a closed handle is recognised. Thread:
// any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

namespace kwsd {

/// Objects behind opaque pointers of the C API. A pointer is a number, never an address.
template <class Opaque, class Object>
class Handles {
 public:
  [[nodiscard]] Opaque* add(std::shared_ptr<Object> object) {
    const std::unique_lock lock(mutex_);
    next_ += step;
    objects_.emplace(next_, std::move(object));
    return reinterpret_cast<Opaque*>(next_);
  }
  /// Null for a value that is not an open handle. The object exists as long as the caller keeps it.
  [[nodiscard]] std::shared_ptr<Object> find(const Opaque* handle) const {
    const std::shared_lock lock(mutex_);
    const auto found = objects_.find(reinterpret_cast<std::uintptr_t>(handle));
    return found == objects_.end() ? nullptr : found->second;
  }
  /// The object; its handle is closed.
  [[nodiscard]] std::shared_ptr<Object> remove(const Opaque* handle) {
    const std::unique_lock lock(mutex_);
    const auto found = objects_.find(reinterpret_cast<std::uintptr_t>(handle));
    if (found == objects_.end()) {
      return nullptr;
    }
    std::shared_ptr<Object> object = std::move(found->second);
    objects_.erase(found);
    return object;
  }

 private:
  static constexpr std::uintptr_t step = 16;  // as aligned as a pointer
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uintptr_t, std::shared_ptr<Object>> objects_;
  std::uintptr_t next_ = 0;
};

}  // namespace kwsd
