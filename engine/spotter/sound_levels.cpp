#include "engine/spotter/sound_levels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "engine/features/float4.h"

namespace kwsd {
namespace {

float decibels(double mean_square) noexcept {
  return mean_square > 1e-12 ? static_cast<float>(10 * std::log10(mean_square)) : SoundLevels::lowest_db;
}

/// x^2 of magnitudes up to 1; 1 above; 0 of NaN and infinity. The bits of |x| order like |x|.
Float4 squares(Float4 x) noexcept {
  using Int4 = std::int32_t __attribute__((vector_size(16)));
  constexpr std::int32_t one_bits = 0x3f800000;
  constexpr std::int32_t infinity_bits = 0x7f800000;
  const Int4 magnitude = std::bit_cast<Int4>(x) & 0x7fffffff;
  const Int4 over = magnitude > one_bits;
  const Int4 finite = magnitude < infinity_bits;
  return std::bit_cast<Float4>(((std::bit_cast<Int4>(x * x) & ~over) | (one_bits & over)) & finite);
}

}  // namespace

void SoundLevels::push(std::span<const float> samples) noexcept {
  while (!samples.empty()) {
    const auto n = std::min(samples.size(), static_cast<std::size_t>(piece_samples - filled_));
    add(samples.first(n));
    samples = samples.subspan(n);
    if (filled_ == piece_samples) {
      const double sum = std::accumulate(sums_.begin(), sums_.end(), 0.0);
      pieces_[static_cast<std::size_t>(done_++) % kept_pieces] = static_cast<float>(sum / piece_samples);
      filled_ = 0;
      sums_ = {};
    }
  }
}

/// Sample i of the piece goes to sum i % lanes, whatever the block sizes: eight sums do not wait for each
/// other.
void SoundLevels::add(std::span<const float> samples) noexcept {
  const float* next = samples.data();
  const float* const end = next + samples.size();
  for (; next < end && static_cast<std::size_t>(filled_) % lanes != 0; ++next) {
    add_one(*next);
  }
  if (next < end) {
    Float4 low = load4(sums_.data());
    Float4 high = load4(sums_.data() + 4);
    for (; end - next >= static_cast<std::ptrdiff_t>(lanes); next += lanes) {
      low += squares(load4(next));
      high += squares(load4(next + 4));
      filled_ += std::int64_t{lanes};
    }
    store4(sums_.data(), low);
    store4(sums_.data() + 4, high);
  }
  for (; next < end; ++next) {
    add_one(*next);
  }
}

void SoundLevels::add_one(float sample) noexcept {
  sums_[static_cast<std::size_t>(filled_++) % lanes] += squares(Float4{sample})[0];
}

void SoundLevels::restart(std::int64_t sample) noexcept {
  origin_ = sample;
  done_ = filled_ = 0;
  sums_ = {};
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
