// A long recording made of short ones: keywords in the pauses of continuous speech, over noise.
// Thread: any, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "app/eval/stream_score.h"
#include "engine/audio/endpoints.h"

namespace kwsd {

/// 16 kHz samples of one recorded word.
struct MixWord {
  std::span<const std::int16_t> samples;
  Extent spoken;  ///< position of the word in it (find_word)
  int label = 0;
};

struct MixParams {
  double speech_rms = 0.05;         ///< every piece of speech is brought to this level, 1 = full scale
  double word_level_db = 3;         ///< words are up to this much louder or fainter than the speech
  double pause_low_seconds = 0.15;  ///< before and after a word
  double pause_high_seconds = 0.45;
  std::optional<double> snr_db;  ///< speech to noise; none: clean
  /// RMS of the white noise under all of it, dB of full scale: a microphone never delivers exact zeros. None:
  /// none.
  std::optional<double> floor_db = -65;
  std::uint64_t seed = 1;
};

struct MixedStream {
  std::vector<float> samples;
  std::vector<SpokenWord> words;  // by start
  /// Samples of continuous speech in it, words and pauses not counted.
  std::int64_t speech_samples = 0;
};

/// Every piece of `speech` once, in an order by the seed; every word once, spread evenly over it, each put in
/// where the speech is quietest near its place. Noise runs through all of it, over and over. Without speech
/// the words follow one another with pauses; without noise `snr_db` means white noise.
[[nodiscard]] MixedStream mix_stream(std::span<const MixWord> words,
                                     std::span<const std::span<const std::int16_t>> speech,
                                     std::span<const std::span<const std::int16_t>> noise,
                                     const MixParams& params);

}  // namespace kwsd
