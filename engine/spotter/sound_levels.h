// The present and past levels of the stream: the level of a word, and the noise floor below it. Thread: one
// at a time; no allocation after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kwsd {

/// The mean square of each 10 ms of the last 5.12 s. Levels are in dB of full scale: 0 is a square wave of
/// magnitude 1, lowest_db is the lowest level distinguished from silence.
class SoundLevels {
 public:
  static constexpr float lowest_db = -120;

  /// The samples that follow the last ones, in [-1, 1]; NaN and infinity count as 0, other values are
  /// clamped.
  void push(std::span<const float> samples) noexcept;
  /// The next sample is `sample`; earlier samples no longer count.
  void restart(std::int64_t sample) noexcept;

  /// RMS from `start` to `end`, samples of the stream, rounded outwards to whole 10 ms that are complete and
  /// kept; lowest_db if there are none.
  [[nodiscard]] float level_db(std::int64_t start, std::int64_t end) const noexcept;
  /// The noise floor: the 10th percentile of the levels of each 100 ms of the kept sound (of each 10 ms if
  /// less than 100 ms are kept). A stream has pauses, between words and between syllables, in which only the
  /// noise remains.
  [[nodiscard]] float floor_db() const noexcept;

 private:
  static constexpr std::int64_t piece_samples = 160;
  static constexpr std::size_t kept_pieces = 512;
  static constexpr std::size_t pieces_a_level = 10;
  static constexpr std::size_t lanes = 8;

  void add(std::span<const float> samples) noexcept;
  void add_one(float sample) noexcept;

  [[nodiscard]] float piece(std::int64_t number) const noexcept {
    return pieces_[static_cast<std::size_t>(number) % kept_pieces];
  }
  [[nodiscard]] std::int64_t oldest() const noexcept;

  std::array<float, kept_pieces> pieces_{};  // ring, mean squares
  std::int64_t origin_ = 0;                  // sample of the stream at which piece 0 starts
  std::int64_t done_ = 0;                    // pieces since
  std::array<float, lanes> sums_{};          // of squares of the piece under way
  std::int64_t filled_ = 0;                  // its samples
};

}  // namespace kwsd
