// A loop over independent items on a few threads. Thread: any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace kwsd {

/// Each of up to `threads` threads creates its own worker with make_work(), and calls it with indices from
/// [0, count), in no fixed order; the first exception is rethrown after all threads have ended.
template <class MakeWork>
void parallel_for_each_thread(std::size_t count, unsigned threads, MakeWork&& make_work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto run = [&] {
    try {
      auto work = make_work();
      for (std::size_t i = next++; i < count; i = next++) {
        work(i);
      }
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      failure = failure ? failure : std::current_exception();
      next = count;
    }
  };
  std::vector<std::jthread> pool;
  for (std::size_t t = 1; t < std::min<std::size_t>(threads, count); ++t) {
    pool.emplace_back(run);
  }
  run();
  pool.clear();
  if (failure) {
    std::rethrow_exception(failure);
  }
}

/// The same for threads without state of their own: calls work(i).
template <class Work>
void parallel_for(std::size_t count, unsigned threads, Work&& work) {
  parallel_for_each_thread(count, threads, [&work] { return [&work](std::size_t i) { work(i); }; });
}

}  // namespace kwsd
