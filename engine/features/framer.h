// A stream of samples -> overlapping frames. Thread: one; no allocation after construction.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kwsd {

/// Cuts a stream into frames of frame_samples every hop_samples. Frame i covers samples
/// [i * hop, i * hop + frame) of the stream since construction or reset.
class Framer {
 public:
  Framer(int frame_samples, int hop_samples);

  /// Feeds samples and calls on_frame(std::span<const float> frame, std::int64_t frame_index) for each
  /// frame completed. Any number of samples at a time.
  template <class OnFrame>
  void push(std::span<const float> samples, OnFrame&& on_frame) noexcept;

  /// Samples that the next frame still needs, at least 1.
  [[nodiscard]] std::size_t samples_to_frame() const noexcept {
    return static_cast<std::size_t>(frame_samples_ - filled_);
  }
  void reset() noexcept;

 private:
  int frame_samples_, hop_samples_;
  std::vector<float> buffer_;  // (frame_samples), the first filled_ are valid
  int filled_ = 0;
  std::int64_t next_frame_ = 0;
};

template <class OnFrame>
void Framer::push(std::span<const float> samples, OnFrame&& on_frame) noexcept {
  const auto frame = static_cast<std::size_t>(frame_samples_);
  const auto hop = static_cast<std::size_t>(hop_samples_);
  while (!samples.empty()) {
    const auto filled = static_cast<std::size_t>(filled_);
    const std::size_t n = std::min(samples.size(), frame - filled);
    std::copy_n(samples.begin(), n, buffer_.begin() + filled_);
    samples = samples.subspan(n);
    filled_ += static_cast<int>(n);
    if (filled + n == frame) {
      on_frame(std::span<const float>(buffer_), next_frame_++);
      std::copy(buffer_.begin() + hop_samples_, buffer_.end(), buffer_.begin());
      filled_ = static_cast<int>(frame - hop);
    }
  }
}

}  // namespace kwsd
