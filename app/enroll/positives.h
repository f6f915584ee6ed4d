// Variations of the word: each recording at several speeds, levels and amounts of noise, alone and between
// other people's speech. Thread: any, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/enroll/embeddings.h"
#include "app/enroll/negatives.h"
#include "engine/features/mfcc.h"

namespace kwsd {

/// Quantized features of a sound in [-1, 1]: [frames][coefficients].
[[nodiscard]] std::vector<std::int8_t> frames_of(const std::shared_ptr<const MfccTables>& features,
                                                 std::span<const float> samples);

/// A recording unchanged, in silence: the input of a test of it. `ends` of its embeddings are frames.
[[nodiscard]] std::vector<std::int8_t> plain_frames(const std::shared_ptr<const MfccTables>& features,
                                                    std::span<const float> clip);

/// Embeddings of the windows that end with the word of a recording, or up to 0.3 s later. `talk`: runs placed
/// before and after it in half of the cases; may be empty. The result is the same for the same seed.
void add_positives(Embedder& embedder, const std::shared_ptr<const MfccTables>& features,
                   std::span<const float> clip, const Negatives& negatives,
                   std::span<const NegativeRun* const> talk, std::uint64_t seed, Embeddings& to);

}  // namespace kwsd
