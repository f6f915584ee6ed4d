// Threads that work for many streams. Thread: any, unless stated otherwise.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kwsd {

/// Each stream has its thread, stream number n the thread n % threads(): the pieces of its work run one at a
/// time, in the order in which they were posted, and its state stays in one core's caches.
class StreamPool {
 public:
  /// Must not throw.
  using Work = std::function<void()>;

  /// threads: 1 or more. Throws std::system_error if they cannot be started.
  explicit StreamPool(int threads);
  /// Returns after all posted work is done.
  ~StreamPool();
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  [[nodiscard]] std::size_t threads() const noexcept { return lanes_.size(); }
  void post(std::size_t stream, Work work);
  /// Returns when no work waits or runs any more; nothing may be posted meanwhile.
  void wait();
  /// CPU seconds that the threads have used for completed work. After wait().
  [[nodiscard]] std::vector<double> cpu_seconds() const;

 private:
  struct Lane {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Work> waiting;
    bool working = false, ending = false;
    double cpu_seconds = 0;
    std::thread thread;
  };

  static void run(Lane& lane);
  void end();

  std::deque<Lane> lanes_;  // neither copied nor moved
};

}  // namespace kwsd
