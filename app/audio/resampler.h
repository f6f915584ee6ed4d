// Any rate -> 16 kHz, as a stream (libsamplerate). Thread: one; allocates only in the constructor.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/audio/stream_rate.h"

namespace kwsd {

class Resampler {
 public:
  /// Throws Error (unavailable) when libsamplerate cannot convert from `rate_hz`.
  Resampler(std::uint32_t rate_hz, std::uint32_t out_rate_hz, std::size_t max_input_samples);
  ~Resampler();
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  [[nodiscard]] std::uint32_t rate_hz() const noexcept { return rate_hz_; }
  /// Converts up to max_input_samples; `last` drains the filter. NaN and infinite samples become 0. The
  /// result is valid until the next call.
  [[nodiscard]] std::span<const float> process(std::span<const float> samples, bool last) noexcept;

 private:
  std::uint32_t rate_hz_;
  double ratio_;
  std::vector<float> clean_, out_;
  std::unique_ptr<void, void (*)(void*)> state_;
};

}  // namespace kwsd
