// Samples of one frame -> MFCC. Thread: one at a time per object; no allocation after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/features/feature_params.h"

namespace kwsd {

/// Computes the MFCC of feature_params.h. Used by the daemon and by the trainer alike.
class Mfcc {
 public:
  /// Throws Error (bad_data) when a parameter is out of its range (mean and scale may be empty: then
  /// only `compute` may be called).
  explicit Mfcc(const FeatureParams& params);
  ~Mfcc();
  Mfcc(Mfcc&&) noexcept;
  Mfcc& operator=(Mfcc&&) noexcept;

  [[nodiscard]] const FeatureParams& params() const noexcept;

  /// samples: (frame_samples) in [-1, 1]; out: (coefficients). NaN and infinite samples count as 0 and
  /// magnitudes are clamped to 1, so the output is always finite.
  void compute(std::span<const float> samples, std::span<float> out) noexcept;
  /// The same, normalised and quantized: what the network is fed.
  void compute_quantized(std::span<const float> samples, std::span<std::int8_t> out) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Checks the ranges of feature_params.h. Throws Error (bad_data) naming the field.
void validate(const FeatureParams& params);

}  // namespace kwsd
