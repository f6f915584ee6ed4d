// One training stream: a few seconds of words, running speech, pauses and noise, and the positions of its
// words.
// Thread: const, any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "app/base/random.h"
#include "models/trainer/data/dataset.h"
#include "models/trainer/data/window_maker.h"

namespace kwsd::train {

/// The composition of streams. Shares and probabilities in [0, 1], levels in dB.
struct StreamOptions {
  double seconds = 3;           ///< of one stream
  double keyword_share = 0.62;  ///< streams with keywords among speech, words or silence
  double speech_share = 0.2;    ///< streams of running speech alone
  double empty_share = 0.04;    ///< streams without speech; the rest: other words alone
  double keyword_items = 0.5;   ///< of the words in a stream with keywords: keywords
  double cut_share = 0.25;      ///< of the keywords that have such clips: those cut out of running speech
  double part_share = 0.06;     ///< of the other words: a keyword's first or last third
  double gate_chance = 0.2;     ///< muted: what lies 4 to 14 dB under the local peak
  double burst_chance = 0.15;   ///< of streams without a keyword: bursts that an echo suppressor lets through
  double telephone_chance = 0.08;
  double digital_silence_chance = 0.1;  ///< pauses are exact zeros
};

/// A spoken word, and its time.
struct Spoken {
  std::int32_t begin = 0, end = 0;  ///< samples of the stream; may lie outside it
  int label = 0;                    ///< a keyword's, or the unknown one
  bool whole = true;                ///< false: cut by the stream's edge
};

struct TrainingStream {
  std::vector<Spoken> spoken;  ///< in the order of speaking
};

class StreamMaker {
 public:
  /// `dataset` must outlive it. Speed, stretch, room, microphone, gain and noise as in `augment`.
  StreamMaker(const Dataset& dataset, const AugmentOptions& augment, const StreamOptions& options,
              double keyword_balance, std::uint64_t seed);
  ~StreamMaker();

  /// Samples of a stream.
  [[nodiscard]] std::size_t samples() const noexcept { return samples_; }
  /// Draws from the clips, the speech and the noise of `split`; fills `out` (samples(), within [-1, 1]).
  TrainingStream draw(Random& random, std::span<float> out, Split split = Split::train) const;

 private:
  struct Source;
  struct Line;
  [[nodiscard]] static std::unique_ptr<Source> source(const Dataset& dataset, Split split, double balance);
  void add_keyword(const Source& from, Random& random, Line& line) const;
  void add_word(const Source& from, Random& random, Line& line) const;
  void add_speech(const Source& from, double longest, Random& random, Line& line) const;
  void put(std::span<const std::int16_t> samples, Extent spoken, int label, Random& random, Line& line) const;
  void fill(const Source& from, Random& random, Line& line) const;
  void add_noise(const Source& from, Random& random, std::span<float> out) const;
  void hear(const Source& from, bool keywords, Random& random, std::span<float> out) const;

  const Dataset& dataset_;
  AugmentOptions augment_;
  StreamOptions options_;
  std::size_t samples_;
  std::unique_ptr<RoomBank> rooms_;
  std::vector<std::unique_ptr<Source>> sources_;  // [splits]
};

}  // namespace kwsd::train
