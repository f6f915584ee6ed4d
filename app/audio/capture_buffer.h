// From the capture side to the inference thread: a lock-free ring of samples at the input's own rate.
//
//   PortAudio callback or reader thread  --push-->  [ring]  --read-->  inference thread
//
// One thread pushes at a time and one reads. A device that returns calls `begin` again: samples pushed before
// and after `begin` are never part of the same read, because the reader finds the mark in between.
//
// Why a mark cannot be overrun: `begin` queues the mark before the first sample that follows it. The
// reader first asks the ring how many samples it holds, and only then looks at the marks: if it sees a
// sample behind a mark, it sees the mark too (release of the push, acquire of the count).
#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "app/audio/resampler.h"
#include "app/base/contract.h"
#include "app/base/wakeup.h"

namespace kwsd {

constexpr std::size_t live_buffer_samples = 192000;  ///< capacity for a device: 4 s at 48 kHz

class CaptureBuffer {
 public:
  explicit CaptureBuffer(std::size_t capacity_samples);
  ~CaptureBuffer();

  // The capture side.

  /// A stream of `rate_hz` starts, or starts again after a gap. Never while another thread pushes. Throws
  /// Error (unavailable) for a rate that cannot be converted.
  void begin(std::uint32_t rate_hz);
  /// Copies what fits, counts the rest as overrun. Real-time safe: no lock, no allocation.
  void push(std::span<const float> samples) noexcept;
  /// The same for one channel of interleaved frames; channel counts from 0.
  void push_channel(const float* interleaved, std::size_t frames, int channels, int channel) noexcept;
  /// Counts sound that the device lost before it reached the buffer. Real-time safe.
  void count_overrun(std::size_t samples) noexcept;
  /// Waits for room instead of dropping. False when the reader has cancelled. Not for callbacks.
  [[nodiscard]] bool push_all(std::span<const float> samples) noexcept;
  /// No more samples will follow. Any thread, once the pushing thread has ended.
  void close() noexcept;

  // The inference side.

  enum class ReadKind { samples, restarted, closed, timeout };
  struct Read {
    ReadKind kind = ReadKind::timeout;
    std::size_t samples = 0;               ///< samples: how many were written to `out`, >= 1
    std::shared_ptr<Resampler> resampler;  ///< restarted: to 16 kHz, for what follows; made by `begin`
  };
  /// Most samples of one read.
  static constexpr std::size_t block_samples = 1024;
  /// The next samples, at most block_samples; waits up to `timeout`. Allocates nothing.
  [[nodiscard]] Read read(std::span<float> out, std::chrono::milliseconds timeout) noexcept;
  /// Makes push_all return false, now and from now on. Any thread.
  void cancel() noexcept;

  // Any thread.

  /// Samples that were dropped because the ring was full, or lost by the device.
  [[nodiscard]] std::uint64_t overrun_samples() const noexcept;
  /// Seconds of sound in the ring.
  [[nodiscard]] double backlog_seconds() const noexcept;

 private:
  struct Mark {
    std::uint64_t at = 0;  // samples pushed before it
    std::shared_ptr<Resampler> resampler;
  };

  [[nodiscard]] bool poll(std::span<float> out, Read& result) noexcept;
  void pushed(std::size_t taken, std::size_t offered) noexcept;

  boost::lockfree::spsc_queue<float> ring_;
  boost::lockfree::spsc_queue<Mark, boost::lockfree::capacity<64>> marks_;
  std::uint64_t read_ = 0;                  // samples read; the inference thread's own
  std::atomic<std::uint64_t> pushed_{0};    // samples pushed; written by the capture side only
  std::atomic<std::uint64_t> overruns_{0};  // samples
  std::atomic<std::uint64_t> consumed_{0};  // read_, for others
  std::atomic<std::uint32_t> rate_hz_{0};
  std::atomic<bool> closed_{false};
  std::atomic<bool> cancelled_{false};
  Wakeup data_, room_;
  OneThread pusher_, reader_;
};

}  // namespace kwsd
