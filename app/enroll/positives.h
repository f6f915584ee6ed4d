// The word as it may be said and heard: each recording at several speeds, levels and amounts of noise, alone
// and between other people's talk. Thread: any, pure.
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

/// A recording as it is, in silence: what a test of it hears. `ends` of its embeddings are frames.
[[nodiscard]] std::vector<std::int8_t> plain_frames(const std::shared_ptr<const MfccTables>& features,
                                                    std::span<const float> clip);

/// Embeddings of windows that hold the whole word of a recording (of a word longer than a window: its end).
/// `talk`: runs that stand before and after it in half of the cases; may be empty. The same for the same
/// seed.
void add_positives(Embedder& embedder, const std::shared_ptr<const MfccTables>& features, int window_frames,
                   std::span<const float> clip, const Negatives& negatives,
                   std::span<const NegativeRun* const> talk, std::uint64_t seed, Embeddings& to);

}  // namespace kwsd
