// Which part of a recorded word the network sees: the one rule for evaluation and training.
// Thread: any, pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace kwsd {

/// Where in `clip` (samples) a window of `window_samples` starts.
///
/// A clip no longer than the window is centred: the start is -((window_samples - size) / 2), and zeros stand
/// around it. Of a longer clip, the window is the stretch with the greatest energy (sum of squares), the
/// earliest of equals. Samples that are not finite count as 0. O(size).
template <class Sample>
[[nodiscard]] std::ptrdiff_t fit_window_start(std::span<const Sample> clip,
                                              std::size_t window_samples) noexcept {
  if (clip.size() <= window_samples) {
    return -static_cast<std::ptrdiff_t>((window_samples - clip.size()) / 2);
  }
  const auto square = [&clip](std::size_t i) noexcept {
    const auto v = static_cast<double>(clip[i]);
    return std::isfinite(v) ? v * v : 0.0;
  };
  double energy = 0;
  for (std::size_t i = 0; i < window_samples; ++i) {
    energy += square(i);
  }
  double best = energy;
  std::size_t start = 0;
  for (std::size_t end = window_samples; end < clip.size(); ++end) {
    energy += square(end) - square(end - window_samples);
    if (energy > best) {
      best = energy;
      start = end + 1 - window_samples;
    }
  }
  return static_cast<std::ptrdiff_t>(start);
}

/// Fills `window` with its part of `clip`, zeros around it. int16 samples become [-1, 1).
template <class Sample>
void fit_window(std::span<const Sample> clip, std::span<float> window) noexcept {
  constexpr float scale = std::is_same_v<Sample, std::int16_t> ? 1.0F / 32768.0F : 1.0F;
  const std::ptrdiff_t start = fit_window_start(clip, window.size());
  const std::size_t from = start > 0 ? static_cast<std::size_t>(start) : 0;
  const std::size_t to = start < 0 ? static_cast<std::size_t>(-start) : 0;
  const std::size_t count = std::min(clip.size() - from, window.size());
  std::fill(window.begin(), window.end(), 0.0F);
  for (std::size_t i = 0; i < count; ++i) {
    window[to + i] = static_cast<float>(clip[from + i]) * scale;
  }
}

}  // namespace kwsd
