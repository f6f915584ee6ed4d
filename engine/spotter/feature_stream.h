// Samples of a stream -> quantized MFCC frames. Thread: one at a time per stream; no allocation after
// construction.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/features/framer.h"
#include "engine/features/mfcc.h"

namespace kwsd {

/// The frames of feature_params.h, whatever the sizes of the pushed blocks.
class FeatureStream {
 public:
  explicit FeatureStream(std::shared_ptr<const MfccTables> tables);

  /// Feeds samples in [-1, 1] at the rate of the features. Calls on_frame(std::span<const std::int8_t> frame)
  /// for each frame that they complete: (coefficients).
  template <class OnFrame>
  void push(std::span<const float> samples, OnFrame&& on_frame) noexcept {
    framer_.push(samples, [&](std::span<const float> frame, std::int64_t) {
      mfcc_.compute_quantized(frame, frame_);
      on_frame(std::span<const std::int8_t>(frame_));
    });
  }
  /// Samples that the next frame still needs, at least 1.
  [[nodiscard]] std::size_t samples_to_frame() const noexcept { return framer_.samples_to_frame(); }
  void reset() noexcept { framer_.reset(); }

 private:
  Framer framer_;
  Mfcc mfcc_;
  std::vector<std::int8_t> frame_;  // (coefficients)
};

}  // namespace kwsd
