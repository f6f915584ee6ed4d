#include "app/audio/capture_buffer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kwsd {

using std::chrono::milliseconds;

CaptureBuffer::CaptureBuffer(std::size_t capacity_samples) : ring_(capacity_samples) {}

CaptureBuffer::~CaptureBuffer() {
  marks_.consume_all([](const Mark&) {});  // the queue itself does not destroy unread entries
}

void CaptureBuffer::begin(std::uint32_t rate_hz) {
  pusher_.release();
  const Mark mark{pushed_.load(std::memory_order_relaxed),
                  std::make_shared<Resampler>(rate_hz, stream_rate_hz, block_samples)};
  rate_hz_.store(rate_hz, std::memory_order_relaxed);
  while (!marks_.push(mark) && !cancelled_.load(std::memory_order_acquire)) {
    room_.wait_for(milliseconds(50));  // 64 restarts unread: the inference thread hangs
  }
  data_.post();
}

void CaptureBuffer::pushed(std::size_t taken, std::size_t offered) noexcept {
  pusher_.check("two threads push to a capture buffer");
  pushed_.store(pushed_.load(std::memory_order_relaxed) + taken, std::memory_order_relaxed);
  if (taken < offered) {
    overruns_.fetch_add(offered - taken, std::memory_order_relaxed);
  }
  data_.post();
}

void CaptureBuffer::push(std::span<const float> samples) noexcept {
  pushed(ring_.push(samples.data(), samples.size()), samples.size());
}

void CaptureBuffer::push_channel(const float* interleaved, std::size_t frames, int channels,
                                 int channel) noexcept {
  std::array<float, 256> mono;
  const auto stride = static_cast<std::size_t>(channels);
  const float* sample = interleaved + channel;
  while (frames > 0) {
    const std::size_t n = std::min(frames, mono.size());
    for (std::size_t i = 0; i < n; ++i, sample += stride) {
      mono[i] = *sample;
    }
    push({mono.data(), n});
    frames -= n;
  }
}

void CaptureBuffer::count_overrun(std::size_t samples) noexcept {
  overruns_.fetch_add(samples, std::memory_order_relaxed);
}

bool CaptureBuffer::push_all(std::span<const float> samples) noexcept {
  while (!samples.empty()) {
    if (cancelled_.load(std::memory_order_acquire)) {
      return false;
    }
    const std::size_t taken = ring_.push(samples.data(), samples.size());
    if (taken == 0) {
      room_.wait_for(milliseconds(50));
      continue;
    }
    pushed(taken, taken);
    samples = samples.subspan(taken);
  }
  return true;
}

void CaptureBuffer::close() noexcept {
  closed_.store(true, std::memory_order_release);
  data_.post();
}

void CaptureBuffer::cancel() noexcept {
  cancelled_.store(true, std::memory_order_release);
  room_.post();
}

bool CaptureBuffer::poll(std::span<float> out, Read& result) noexcept {
  const bool closed =
      closed_.load(std::memory_order_acquire);  // before the count: close follows the last push
  std::size_t n = std::min({ring_.read_available(), out.size(), block_samples});
  if (marks_.read_available() > 0) {
    Mark& mark = marks_.front();
    n = std::min<std::size_t>(n, mark.at - read_);
    if (n == 0) {
      result = {ReadKind::restarted, 0, std::move(mark.resampler)};
      marks_.pop();
      return true;
    }
  }
  if (n > 0) {
    ring_.pop(out.data(), n);
    read_ += n;
    consumed_.store(read_, std::memory_order_relaxed);
    room_.post();
    result = {ReadKind::samples, n, nullptr};
    return true;
  }
  result = {closed ? ReadKind::closed : ReadKind::timeout, 0, nullptr};
  return closed;
}

CaptureBuffer::Read CaptureBuffer::read(std::span<float> out, milliseconds timeout) noexcept {
  Read result;
  reader_.check("two threads read a capture buffer");
  if (!poll(out, result)) {
    data_.wait_for(timeout);
    (void)poll(out, result);
  }
  return result;
}

std::uint64_t CaptureBuffer::overrun_samples() const noexcept {
  return overruns_.load(std::memory_order_relaxed);
}

double CaptureBuffer::backlog_seconds() const noexcept {
  const std::uint32_t rate_hz = rate_hz_.load(std::memory_order_relaxed);
  const std::uint64_t consumed = consumed_.load(std::memory_order_relaxed);  // first: never ahead of pushed
  const std::uint64_t waiting = pushed_.load(std::memory_order_relaxed) - consumed;
  return rate_hz == 0 ? 0.0 : static_cast<double>(static_cast<std::int64_t>(waiting)) / rate_hz;
}

}  // namespace kwsd
