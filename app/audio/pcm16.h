// 16-bit samples: the one scale between them and floats, full scale = 1. Thread: any, pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace kwsd {

inline constexpr float pcm16_scale = 32768.0F;

/// The nearest of 65,536 steps; values outside [-1, 1) are clipped, NaN becomes 0.
[[nodiscard]] inline std::int16_t to_pcm16(float sample) noexcept {
  const float finite = std::isfinite(sample) ? sample : 0.0F;
  return static_cast<std::int16_t>(
      std::lround(std::clamp(finite * pcm16_scale, -pcm16_scale, pcm16_scale - 1)));
}

[[nodiscard]] inline std::vector<std::int16_t> to_pcm16(std::span<const float> samples) {
  std::vector<std::int16_t> out(samples.size());
  std::transform(samples.begin(), samples.end(), out.begin(), [](float sample) { return to_pcm16(sample); });
  return out;
}

[[nodiscard]] inline std::vector<float> from_pcm16(std::span<const std::int16_t> samples) {
  std::vector<float> out(samples.size());
  std::transform(samples.begin(), samples.end(), out.begin(),
                 [](std::int16_t sample) { return static_cast<float>(sample) / pcm16_scale; });
  return out;
}

/// Whether there is any signal: two samples that differ by at least one 16-bit step. A dead channel has none.
[[nodiscard]] inline bool has_signal(std::span<const std::int16_t> samples) noexcept {
  return std::adjacent_find(samples.begin(), samples.end(), std::not_equal_to<>()) != samples.end();
}

[[nodiscard]] inline bool has_signal(std::span<const float> samples) noexcept {
  const auto [low, high] = std::minmax_element(samples.begin(), samples.end());
  return !samples.empty() && *high - *low >= 1 / pcm16_scale;
}

}  // namespace kwsd
