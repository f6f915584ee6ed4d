#include "app/streams/stream_pool.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "app/base/thread_name.h"

namespace kwsd {
namespace {

double cpu_seconds_of_this_thread() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

StreamPool::StreamPool(int threads) : lanes_(static_cast<std::size_t>(std::max(threads, 1))) {
  try {
    for (Lane& lane : lanes_) {
      lane.thread = std::thread([&lane] { run(lane); });
    }
  } catch (...) {
    end();
    throw;
  }
}

StreamPool::~StreamPool() {
  end();
}

void StreamPool::end() {
  for (Lane& lane : lanes_) {
    const std::lock_guard lock(lane.mutex);
    lane.ending = true;
    lane.changed.notify_all();
  }
  for (Lane& lane : lanes_) {
    if (lane.thread.joinable()) {
      lane.thread.join();
    }
  }
}

void StreamPool::post(std::size_t stream, Work work) {
  Lane& lane = lanes_[stream % lanes_.size()];
  const std::lock_guard lock(lane.mutex);
  lane.waiting.push_back(std::move(work));
  if (!lane.working) {
    lane.changed.notify_all();
  }
}

void StreamPool::wait() {
  for (Lane& lane : lanes_) {
    std::unique_lock lock(lane.mutex);
    lane.changed.wait(lock, [&lane] { return lane.waiting.empty() && !lane.working; });
  }
}

std::vector<double> StreamPool::cpu_seconds() const {
  std::vector<double> seconds;
  for (const Lane& lane : lanes_) {
    seconds.push_back(lane.cpu_seconds);
  }
  return seconds;
}

/// Takes all waiting work at once: the lock protects only the queue.
void StreamPool::run(Lane& lane) {
  name_thread("kwsd-streams");
  std::deque<Work> batch;
  std::unique_lock lock(lane.mutex);
  for (;;) {
    lane.changed.wait(lock, [&lane] { return !lane.waiting.empty() || lane.ending; });
    if (lane.waiting.empty()) {
      return;
    }
    batch.swap(lane.waiting);
    lane.working = true;
    lock.unlock();
    for (Work& work : batch) {
      work();
    }
    batch.clear();
    lock.lock();
    lane.working = false;
    lane.cpu_seconds = cpu_seconds_of_this_thread();
    if (lane.waiting.empty()) {
      lane.changed.notify_all();
    }
  }
}

}  // namespace kwsd
