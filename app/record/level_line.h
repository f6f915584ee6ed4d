// The level of the microphone as a line of text, below the prompt of `kwsd record`. Thread: one.
#pragma once

#include <span>
#include <string>

#include "app/audio/level_meter.h"

namespace kwsd {

/// "level ########  |           -32 dB": a bar for the mean level of the last second, from -60 dB of full
/// scale, and a mark at its peak.
class LevelLine {
 public:
  static constexpr int columns = 30;  ///< of the bar

  /// Takes samples of 16 kHz. Returns the line after every fifth of a second of them, else nothing.
  [[nodiscard]] std::string push(std::span<const float> samples);

 private:
  LevelMeter level_;
  std::size_t unseen_samples_ = 0;
};

/// The line for a mean and a peak in dB of full scale; always of the same length.
[[nodiscard]] std::string level_line(float rms_db, float peak_db);

}  // namespace kwsd
