// Items that are made ahead of time on a few threads and handed out in the order of their numbers. An item
// depends on its number alone, never on the threads. Thread: one consumer.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace kwsd::train {

template <class T>
class Ahead {
 public:
  /// make(number) for numbers `first`, first + 1 ...; called on `threads` threads. At most `most` wait to be
  /// read.
  Ahead(std::uint64_t first, unsigned threads, std::size_t most, std::function<T(std::uint64_t)> make)
      : make_(std::move(make)), next_made_(first), next_read_(first), most_(most) {
    for (unsigned t = 0; t < std::max(1U, threads); ++t) {
      workers_.emplace_back([this] { work(); });
    }
  }
  ~Ahead() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wanted_.notify_all();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  /// The next one. Rethrows what make threw.
  T next() {
    std::unique_lock lock(mutex_);
    made_.wait(lock, [this] { return failure_ != nullptr || ready_.contains(next_read_); });
    if (failure_) {
      std::rethrow_exception(failure_);
    }
    T out = std::move(ready_.extract(next_read_++).mapped());
    wanted_.notify_all();
    return out;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wanted_.wait(lock, [this] { return stop_ || (!failure_ && next_made_ < next_read_ + most_); });
      if (stop_) {
        return;
      }
      const std::uint64_t number = next_made_++;
      lock.unlock();
      try {
        T made = make_(number);
        lock.lock();
        ready_.emplace(number, std::move(made));
      } catch (...) {
        lock.lock();
        failure_ = std::current_exception();
      }
      made_.notify_all();
    }
  }

  std::function<T(std::uint64_t)> make_;
  std::mutex mutex_;
  std::condition_variable made_, wanted_;
  std::map<std::uint64_t, T> ready_;
  std::exception_ptr failure_;
  std::uint64_t next_made_, next_read_;
  std::size_t most_;
  bool stop_ = false;
  std::vector<std::jthread> workers_;  // last: joined first
};

}  // namespace kwsd::train
