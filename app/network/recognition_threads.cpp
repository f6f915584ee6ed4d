#include "app/network/recognition_threads.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "app/base/steady_seconds.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr int most_default_threads = 64;

std::unique_ptr<StreamPool> started_pool(int threads) {
  try {
    return std::make_unique<StreamPool>(threads);
  } catch (const std::system_error& error) {
    throw Error(ErrorKind::unavailable,
                "cannot start " + std::to_string(threads) + " threads: " + error.what());
  }
}

}  // namespace

RecognitionThreads::RecognitionThreads(boost::asio::io_context& network, int threads)
    : network_(&network), pool_(started_pool(threads)) {
  for (std::size_t lane = 0; lane < pool_->threads(); ++lane) {
    seats_.push_back(std::make_shared<char>());
  }
}

RecognitionThreads::Seat RecognitionThreads::seat() {
  const auto fewest = std::min_element(seats_.begin(), seats_.end(), [](const auto& a, const auto& b) {
    return a.use_count() < b.use_count();
  });
  Seat seat;
  seat.threads_ = this;
  seat.lane_ = static_cast<std::size_t>(fewest - seats_.begin());
  seat.taken_ = *fewest;
  return seat;
}

void RecognitionThreads::Seat::run(Work work, Work done) {
  threads_->run(lane_, std::move(work), std::move(done));
}

void RecognitionThreads::run(std::size_t lane, Work work, Work done) {
  pool_->post(lane, [this, posted = now_seconds(), work = std::move(work), done = std::move(done)]() mutable {
    note_wait(now_seconds() - posted);
    std::exception_ptr failure;
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    work = nullptr;  // before `done`, which may hold the last reference to the client
    boost::asio::post(*network_, [failure, done = std::move(done)] {
      if (failure) {
        std::rethrow_exception(failure);
      }
      done();
    });
  });
}

void RecognitionThreads::note_wait(double seconds) noexcept {
  const auto wait = static_cast<std::int64_t>(1e9 * seconds);
  std::int64_t longest = longest_wait_ns_.load(std::memory_order_relaxed);
  while (wait > longest &&
         !longest_wait_ns_.compare_exchange_weak(longest, wait, std::memory_order_relaxed)) {
  }
}

double RecognitionThreads::longest_wait() noexcept {
  return 1e-9 * static_cast<double>(longest_wait_ns_.exchange(0, std::memory_order_relaxed));
}

int default_recognition_threads() noexcept {
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores - 1, 1, most_default_threads);
}

}  // namespace kwsd
