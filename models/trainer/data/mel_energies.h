// Quantized features <-> energies of the mel bands. Where only features of a sound are known, energies allow
// what samples do: sounds are added, made louder or quieter, filtered. Thread: const, any.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/features/feature_params.h"

namespace kwsd::train {

/// E[m] of feature_params.h from q[j], and back. With as many coefficients as bands, nothing but the rounding
/// of q is lost; with fewer, the spectrum is smoothed.
class MelEnergies {
 public:
  /// features.mean and .scale must be set.
  explicit MelEnergies(const FeatureParams& features);

  [[nodiscard]] std::size_t bands() const noexcept { return features_.mel_bands; }
  [[nodiscard]] std::size_t coefficients() const noexcept { return features_.coefficients; }

  /// One frame: (coefficients) -> (bands), at least 0.
  void decode(std::span<const float> frame, std::span<float> energies) const noexcept;
  void decode(std::span<const std::int8_t> frame, std::span<float> energies) const noexcept;
  /// One frame: (bands), at least 0 -> (coefficients), whole numbers in [-127, 127].
  void encode(std::span<const float> energies, std::span<float> frame) const noexcept;

 private:
  FeatureParams features_;
  std::vector<float> dct_;  // [coefficients][bands], orthonormal
};

}  // namespace kwsd::train
