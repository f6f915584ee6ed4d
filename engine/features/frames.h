// The frames of sound that is complete in memory; Framer (framer.h) cuts the same ones from a stream.
// Thread: any, pure.
#pragma once

#include <cstddef>
#include <span>

#include "engine/features/feature_params.h"

namespace kwsd {

/// Whole frames in the given number of samples.
[[nodiscard]] constexpr std::size_t frames_in(const FeatureParams& features, std::size_t samples) noexcept {
  return samples < features.frame_samples ? 0 : (samples - features.frame_samples) / features.hop_samples + 1;
}

/// Calls each(number of the frame, its samples) for each whole frame of `sound`.
template <class Each>
void for_each_frame(const FeatureParams& features, std::span<const float> sound, Each&& each) {
  for (std::size_t f = 0; f < frames_in(features, sound.size()); ++f) {
    each(f, sound.subspan(f * features.hop_samples, features.frame_samples));
  }
}

}  // namespace kwsd
