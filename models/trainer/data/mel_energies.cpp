#include "models/trainer/data/mel_energies.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kwsd::train {
namespace {

template <class T>
void decode_frame(const FeatureParams& p, std::span<const float> dct, std::span<const T> frame,
                  std::span<float> energies) noexcept {
  std::fill(energies.begin(), energies.end(), 0.0F);
  for (std::size_t j = 0; j < p.coefficients; ++j) {
    const float c = static_cast<float>(frame[j]) / p.scale[j] + p.mean[j];
    for (std::size_t m = 0; m < p.mel_bands; ++m) {
      energies[m] += c * dct[j * p.mel_bands + m];
    }
  }
  for (float& value : energies) {
    value = std::max(0.0F, std::exp(value) - p.log_floor);
  }
}

}  // namespace

MelEnergies::MelEnergies(const FeatureParams& features) : features_(features) {
  const std::size_t bands = features.mel_bands;
  dct_.resize(features.coefficients * bands);
  for (std::size_t j = 0; j < features.coefficients; ++j) {
    const double norm = std::sqrt((j == 0 ? 1.0 : 2.0) / static_cast<double>(bands));
    for (std::size_t m = 0; m < bands; ++m) {
      const double angle = std::numbers::pi * static_cast<double>(j) * (static_cast<double>(m) + 0.5) /
                           static_cast<double>(bands);
      dct_[j * bands + m] = static_cast<float>(norm * std::cos(angle));
    }
  }
}

void MelEnergies::decode(std::span<const float> frame, std::span<float> energies) const noexcept {
  decode_frame(features_, dct_, frame, energies);
}

void MelEnergies::decode(std::span<const std::int8_t> frame, std::span<float> energies) const noexcept {
  decode_frame(features_, dct_, frame, energies);
}

void MelEnergies::encode(std::span<const float> energies, std::span<float> frame) const noexcept {
  std::fill(frame.begin(), frame.end(), 0.0F);
  for (std::size_t m = 0; m < bands(); ++m) {
    const float log = std::log(energies[m] + features_.log_floor);
    for (std::size_t j = 0; j < coefficients(); ++j) {
      frame[j] += log * dct_[j * bands() + m];
    }
  }
  for (std::size_t j = 0; j < coefficients(); ++j) {
    frame[j] = std::clamp(std::round((frame[j] - features_.mean[j]) * features_.scale[j]), -127.0F, 127.0F);
  }
}

}  // namespace kwsd::train
