#include "app/audio/level_meter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace kwsd {

namespace {

float decibels(double amplitude) noexcept {
  return std::clamp(static_cast<float>(20 * std::log10(std::max(amplitude, 1e-6))), LevelMeter::floor_db,
                    0.0F);
}

}  // namespace

void LevelMeter::push(std::span<const float> samples) noexcept {
  for (const float sample : samples) {
    if (bins_[newest_].samples == bin_samples) {
      newest_ = (newest_ + 1) % bins_.size();
      bins_[newest_] = {};
    }
    Bin& bin = bins_[newest_];
    bin.energy += static_cast<double>(sample) * sample;
    bin.peak = std::max(bin.peak, std::abs(sample));
    ++bin.samples;
  }
}

float LevelMeter::rms_db() const noexcept {
  double energy = 0;
  std::size_t samples = 0;
  for (const Bin& bin : bins_) {
    energy += bin.energy;
    samples += bin.samples;
  }
  return samples == 0 ? floor_db : decibels(std::sqrt(energy / static_cast<double>(samples)));
}

float LevelMeter::peak_db() const noexcept {
  float peak = 0;
  for (const Bin& bin : bins_) {
    peak = std::max(peak, bin.peak);
  }
  return decibels(peak);
}

SilenceWatch::Change SilenceWatch::push(std::span<const float> samples, double rate_hz) noexcept {
  const float first = samples.empty() ? value_ : samples.front();
  const bool constant = std::all_of(samples.begin(), samples.end(), [first](float v) { return v == first; });
  if (!constant || first != value_) {
    seconds_ = 0;
    sounded_ = sounded_ || !constant;
  }
  if (!constant) {
    return std::exchange(silent_, false) ? Change::sounds : Change::none;
  }
  value_ = first;
  seconds_ += static_cast<double>(samples.size()) / rate_hz;
  if (silent_ || seconds_ < limit_seconds_ || (sounded_ && !always_)) {
    return Change::none;
  }
  silent_ = true;
  return Change::silent;
}

}  // namespace kwsd
