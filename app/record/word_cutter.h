// Cuts single words out of a stream in which a speaker says one after another. Thread: one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace kwsd {

/// Defects of a recorded word.
enum class WordFault : std::uint8_t { none, too_quiet, clipping, too_short, too_long };

struct CutWord {
  std::vector<float>
      samples;              // 16 kHz; one second with the word in its middle, more where the word is longer
  double word_seconds = 0;  ///< as find_word finds it: 30 ms more at both ends
  double peak_db = 0;       ///< of its loudest sample, dB below full scale
  WordFault fault = WordFault::none;
};

/// A word rises 12 dB above the noise floor of the last three seconds and ends after 0.4 s of quiet.
class WordCutter {
 public:
  static constexpr double longest_word_seconds = 1.5, shortest_word_seconds = 0.15;
  static constexpr double quietest_peak_db = -34;

  /// 16 kHz samples.
  void push(std::span<const float> samples);
  /// The next complete word.
  [[nodiscard]] std::optional<CutWord> take();
  /// Discards a word in progress: the samples that follow are not continuous with the earlier ones.
  void reset();

 private:
  void on_frame(std::span<const float> frame);
  [[nodiscard]] double floor_db() const;
  void cut(std::int64_t end_frame);

  std::vector<float> partial_;     // of the incomplete frame
  std::vector<float> history_;     // the last seconds, whole frames
  std::deque<double> levels_db_;   // of the last frames
  std::int64_t frames_ = 0;        // received
  int loud_ = 0, quiet_ = 0;       // frames in a row
  std::int64_t begin_frame_ = -1;  // of the word that is being spoken; -1: none
  std::deque<CutWord> words_;
  float before_ = 0;  // last sample of the frame before
};

}  // namespace kwsd
