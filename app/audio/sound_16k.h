// Sound files at the rate that models hear: `kwsd eval`, `kwsd mix` and `kwsd record --from-file`. They read
// as `kwsd run` does, through the same reader and resampler. Thread: one per object.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "app/audio/resampler.h"
#include "app/audio/sample_reader.h"

namespace kwsd {

/// A sound file of any rate, one of its channels, as a stream at 16 kHz.
class Sound16k {
 public:
  /// Throws Error as open_sound_file does.
  Sound16k(const std::filesystem::path& path, int channel);
  ~Sound16k();

  /// The next samples; fewer than asked for only at the end, then 0. Throws Error (bad_data) for a file that
  /// turns out to be damaged.
  [[nodiscard]] std::size_t read(std::span<float> out);

 private:
  std::unique_ptr<SampleReader> reader_;
  Resampler resampler_;
  std::vector<float> block_;        // one read
  std::span<const float> pending_;  // resampled, not yet handed out
  bool ended_ = false;
};

/// A whole file, at most max_seconds of it.
[[nodiscard]] std::vector<float> load_16k(const std::filesystem::path& path, int channel, double max_seconds);

}  // namespace kwsd
