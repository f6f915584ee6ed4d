#include "engine/spotter/sound_levels.h"

#include <algorithm>
#include <cmath>

namespace kwsd {
namespace {

float decibels(double mean_square) noexcept {
  return mean_square > 1e-12 ? static_cast<float>(10 * std::log10(mean_square)) : SoundLevels::lowest_db;
}

}  // namespace

void SoundLevels::push(std::span<const float> samples) noexcept {
  while (!samples.empty()) {
    const auto n = std::min(samples.size(), static_cast<std::size_t>(piece_samples - filled_));
    for (const float sample : samples.first(n)) {
      const float x = std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F;
      sum_ += x * x;
    }
    samples = samples.subspan(n);
    filled_ += static_cast<std::int64_t>(n);
    if (filled_ == piece_samples) {
      pieces_[static_cast<std::size_t>(done_++) % kept_pieces] = static_cast<float>(sum_ / piece_samples);
      filled_ = 0;
      sum_ = 0;
    }
  }
}

void SoundLevels::restart(std::int64_t sample) noexcept {
  origin_ = sample;
  done_ = filled_ = 0;
  sum_ = 0;
}

std::int64_t SoundLevels::oldest() const noexcept {
  return std::max<std::int64_t>(0, done_ - static_cast<std::int64_t>(kept_pieces));
}

float SoundLevels::level_db(std::int64_t start, std::int64_t end) const noexcept {
  const std::int64_t first = std::max(oldest(), (start - origin_) / piece_samples);
  const std::int64_t last = std::min(done_, (end - origin_ + piece_samples - 1) / piece_samples);
  double sum = 0;
  for (std::int64_t n = first; n < last; ++n) {
    sum += piece(n);
  }
  return last > first ? decibels(sum / static_cast<double>(last - first)) : lowest_db;
}

float SoundLevels::floor_db() const noexcept {
  const auto kept = static_cast<std::size_t>(done_ - oldest());
  const std::size_t together = kept >= pieces_a_level ? pieces_a_level : 1;
  std::array<float, kept_pieces / pieces_a_level> levels{};
  const std::size_t count = kept / together;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 1; k <= together; ++k) {  // from the newest on
      levels[i] += piece(done_ - static_cast<std::int64_t>(i * together + k));
    }
    levels[i] /= static_cast<float>(together);
  }
  if (count == 0) {
    return lowest_db;
  }
  const auto tenth = levels.begin() + static_cast<std::ptrdiff_t>(count / 10);
  std::nth_element(levels.begin(), tenth, levels.begin() + static_cast<std::ptrdiff_t>(count));
  return decibels(*tenth);
}

}  // namespace kwsd
