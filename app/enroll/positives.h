// Variations of the word: each recording at several speeds, levels and amounts of noise, alone and between
// other people's speech. Thread: any, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/enroll/negatives.h"
#include "engine/features/mfcc.h"

namespace kwsd {

/// Quantized features of a sound in [-1, 1]: [frames][coefficients].
[[nodiscard]] std::vector<std::int8_t> frames_of(const std::shared_ptr<const MfccTables>& features,
                                                 std::span<const float> samples);

/// A recording unchanged, in silence: the input of a test of it. `ends` of its embeddings are frames.
[[nodiscard]] std::vector<std::int8_t> plain_frames(const std::shared_ptr<const MfccTables>& features,
                                                    std::span<const float> clip);

/// A recording at one speed, level and amount of noise.
struct Variation {
  std::vector<std::int8_t> frames;  // [frames][coefficients]
  std::int64_t last = 0;            ///< the word's last frame, from 1

  /// Windows `hop_frames` apart that end with the word, or up to 0.3 s later.
  [[nodiscard]] std::vector<std::int64_t> ends(int hop_frames) const;
};

/// Variations of a recording. `talk`: runs placed before and after the word in half of them; may be empty.
/// The result is the same for the same seed.
[[nodiscard]] std::vector<Variation> variations_of(const std::shared_ptr<const MfccTables>& features,
                                                   std::span<const float> clip, const Negatives& negatives,
                                                   std::span<const NegativeRun* const> talk,
                                                   std::uint64_t seed);

}  // namespace kwsd
