// Threads that recognize keywords for the clients of a server: the thread that serves the network never
// computes a posterior. Thread: the one that runs the network's io_context, unless stated otherwise.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "app/streams/stream_pool.h"

namespace kwsd {

class RecognitionThreads {
 public:
  using Work = std::function<void()>;

  /// `network` must outlive this; `threads`: 1 or more. Throws Error (unavailable) if the threads cannot be
  /// started.
  RecognitionThreads(boost::asio::io_context& network, int threads);

  /// A client's place on one of the threads.
  class Seat {
   public:
    /// Runs `work` on the thread of the seat, after all earlier work of its clients, then `done` on the
    /// network thread. What `work` throws is thrown on the network thread instead of calling `done`. Objects
    /// that `done` holds are destroyed on the network thread.
    void run(Work work, Work done);
    [[nodiscard]] std::size_t thread() const noexcept { return lane_; }

   private:
    friend class RecognitionThreads;
    RecognitionThreads* threads_ = nullptr;
    std::size_t lane_ = 0;
    std::shared_ptr<char> taken_;  // of seats_
  };

  /// A seat on the thread that has the fewest clients. It is free again once its copies are destroyed.
  [[nodiscard]] Seat seat();
  /// The longest time in seconds that work waited for its thread, of the work that began since the last call.
  [[nodiscard]] double longest_wait() noexcept;

 private:
  void run(std::size_t lane, Work work, Work done);
  void note_wait(double seconds) noexcept;

  boost::asio::io_context* network_;
  std::vector<std::shared_ptr<char>> seats_;  // [threads]; each seat in use holds its thread's
  std::atomic<std::int64_t> longest_wait_ns_{0};
  std::unique_ptr<StreamPool> pool_;  // ends first
};

/// The threads that a server starts if its options say 0: one less than the CPU has cores, 1 to 64.
[[nodiscard]] int default_recognition_threads() noexcept;

}  // namespace kwsd
