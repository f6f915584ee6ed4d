// Samples of one frame -> MFCC. Thread: one at a time per Mfcc; no allocation after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/features/feature_params.h"

namespace kwsd {

/// The tables that the MFCC of feature_params.h need: window, filters, transforms. Immutable; shared by any
/// number of Mfcc and threads.
class MfccTables {
 public:
  /// Throws Error (bad_data) when a parameter is out of its range (mean and scale may be empty: then
  /// only Mfcc::compute may be called).
  explicit MfccTables(const FeatureParams& params);
  ~MfccTables();
  [[nodiscard]] const FeatureParams& params() const noexcept;

 private:
  friend class Mfcc;
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

/// Computes the MFCC of feature_params.h. Used by both the daemon and the trainer.
class Mfcc {
 public:
  /// With tables of its own; throws as MfccTables does.
  explicit Mfcc(const FeatureParams& params);
  explicit Mfcc(std::shared_ptr<const MfccTables> tables);
  ~Mfcc();
  Mfcc(Mfcc&&) noexcept;
  Mfcc& operator=(Mfcc&&) noexcept;

  [[nodiscard]] const FeatureParams& params() const noexcept;

  /// samples: (frame_samples) in [-1, 1]; out: (coefficients). NaN and infinite samples count as 0 and
  /// magnitudes are clamped to 1, so the output is always finite.
  void compute(std::span<const float> samples, std::span<float> out) noexcept;
  /// The same, normalised and quantized: the network's input.
  void compute_quantized(std::span<const float> samples, std::span<std::int8_t> out) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Checks the ranges of feature_params.h. Throws Error (bad_data) naming the field.
void validate(const FeatureParams& params);

}  // namespace kwsd
