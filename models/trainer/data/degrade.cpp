#include "models/trainer/data/degrade.h"

#include <algorithm>
#include <cmath>

#include "models/trainer/data/effects.h"

namespace kwsd::train {
namespace {

constexpr std::size_t part_samples = 160;  // 10 ms
constexpr std::size_t local_parts = 20;    // 200 ms
constexpr std::size_t pause_parts = 10;    // 100 ms

std::span<float> part_of(std::span<float> x, std::size_t i) noexcept {
  const std::size_t first = i * part_samples;
  return x.subspan(first, std::min(part_samples, x.size() - first));
}

/// RMS of each 10 ms; the last may be shorter.
std::vector<float> levels_of(std::span<float> x) {
  std::vector<float> levels((x.size() + part_samples - 1) / part_samples);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i] = rms(part_of(x, i));
  }
  return levels;
}

void mute(std::span<float> x) noexcept {
  std::fill(x.begin(), x.end(), 0.0F);
}

}  // namespace

void gate(std::span<float> x, double below_db) noexcept {
  const std::vector<float> levels = levels_of(x);
  const float share = from_db(-below_db);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::size_t first = i - std::min(i, local_parts);
    const std::size_t end = std::min(levels.size(), i + local_parts + 1);
    const float peak = *std::max_element(levels.begin() + static_cast<std::ptrdiff_t>(first),
                                         levels.begin() + static_cast<std::ptrdiff_t>(end));
    if (levels[i] < share * peak) {
      mute(part_of(x, i));
    }
  }
}

void let_bursts_through(std::span<float> x, Random& random) noexcept {
  for (std::size_t at = 0; at < x.size();) {
    const auto muted = std::min(x.size() - at, static_cast<std::size_t>(random.uniform(800, 8000)));
    mute(x.subspan(at, muted));
    at += muted + static_cast<std::size_t>(random.uniform(800, 3200));
  }
}

void telephone(std::span<float> x) noexcept {
  low_pass(x, 3700, 4);
}

void overdrive(std::span<float> x, double over_db) noexcept {
  float peak = 0;
  for (const float v : x) {
    peak = std::max(peak, std::abs(v));
  }
  const float gain = peak > 0 ? from_db(over_db) / peak : 1.0F;
  for (float& v : x) {
    v = std::clamp(v * gain, -1.0F, 1.0F);
  }
}

void silence_pauses(std::span<float> x) noexcept {
  const std::vector<float> levels = levels_of(x);
  const float quiet = levels.empty() ? 0 : *std::max_element(levels.begin(), levels.end()) * from_db(-50);
  for (std::size_t i = 0; i < levels.size();) {
    std::size_t end = i;
    while (end < levels.size() && levels[end] < quiet) {
      ++end;
    }
    if (end - i >= pause_parts) {
      mute(x.subspan(i * part_samples, std::min(x.size(), end * part_samples) - i * part_samples));
    }
    i = std::max(end, i + 1);
  }
}

const std::vector<std::string>& degradation_names() {
  static const std::vector<std::string> names{"none",    "gated", "echoed",
                                              "clipped", "8 kHz", "digital silence"};
  return names;
}

void degrade(std::span<float> x, Degradation how, Random& random) noexcept {
  switch (how) {
    case Degradation::none:
      return;
    case Degradation::gated:
      return gate(x, 6);
    case Degradation::echoed:
      return let_bursts_through(x, random);
    case Degradation::clipped:
      return overdrive(x, 12);
    case Degradation::telephone:
      return telephone(x);
    case Degradation::digital_silence:
      return silence_pauses(x);
  }
}

}  // namespace kwsd::train
