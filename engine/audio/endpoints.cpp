#include "engine/audio/endpoints.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kwsd {
namespace {

constexpr std::int32_t frame_samples = 160;  // 10 ms
constexpr int bridged_frames = 15;
constexpr int margin_frames = 3;
constexpr double over_floor_db = 9.0;
constexpr double under_peak_db = 32.0;

}  // namespace

Extent find_word(std::span<const std::int16_t> samples) noexcept {
  const auto size = static_cast<std::int32_t>(samples.size());
  const int frames = size / frame_samples;
  if (frames < 5) {
    return {0, size};
  }
  std::vector<double> level_db(static_cast<std::size_t>(frames));
  for (std::size_t f = 0; f < level_db.size(); ++f) {
    double energy = 0;
    double before = samples[f * frame_samples];  // first difference: rumble and DC do not count
    for (const std::int16_t sample : samples.subspan(f * frame_samples, frame_samples)) {
      energy += (sample - before) * (sample - before);
      before = sample;
    }
    level_db[f] = 10.0 * std::log10(energy / frame_samples + 0.1);
  }
  std::vector<double> sorted = level_db;
  std::sort(sorted.begin(), sorted.end());
  const double floor_db = sorted[sorted.size() / 10];
  const auto peak = static_cast<int>(std::max_element(level_db.begin(), level_db.end()) - level_db.begin());
  const double peak_db = sorted.back();
  if (peak_db - floor_db < over_floor_db) {
    return {0, size};
  }
  const double on_db = std::min(std::max(floor_db + over_floor_db, peak_db - under_peak_db), peak_db - 3.0);
  const auto reach = [&](int direction) {
    int last = peak;
    for (int f = peak; f >= 0 && f < frames && std::abs(f - last) <= bridged_frames; f += direction) {
      last = level_db[static_cast<std::size_t>(f)] >= on_db ? f : last;
    }
    return last;
  };
  return {std::max(0, reach(-1) - margin_frames) * frame_samples,
          std::min(size, (reach(+1) + 1 + margin_frames) * frame_samples)};
}

}  // namespace kwsd
