// Recordings at the sample rate of the models: for eval, mix, `record --from-file` and the trainer. They use
// the same reader and resampler as `kwsd run`; one channel is selected, channels are never mixed. Thread: one
// per object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "app/audio/resampler.h"
#include "app/audio/sample_reader.h"

namespace kwsd {

/// One channel of a recording of any rate, as a stream at 16 kHz.
class Sound16k {
 public:
  /// `path`: a sound file, or "-" for standard input. channel: from 1. Throws Error as open_sound_file does.
  Sound16k(const std::filesystem::path& path, int channel);
  ~Sound16k();

  /// The next samples; fewer than requested only at the end, then 0. NaN and infinite samples become 0.
  /// Throws Error (bad_data) when the file proves to be damaged.
  [[nodiscard]] std::size_t read(std::span<float> out);
  /// Whether all samples so far were finite numbers.
  [[nodiscard]] bool finite() const noexcept { return finite_; }
  /// Channels of the recording.
  [[nodiscard]] int channels() const noexcept { return reader_->channels(); }

 private:
  std::unique_ptr<SampleReader> reader_;
  Resampler resampler_;
  std::vector<float> block_;        // one read
  std::span<const float> pending_;  // resampled, not yet handed out
  bool ended_ = false, finite_ = true;
};

/// How a whole recording is read.
struct LoadOptions {
  int channel = 1;             ///< from 1
  double most_seconds = 60;    ///< a longer one is an Error, never cut
  bool may_be_silent = false;  ///< otherwise a recording without any signal (has_signal) is an Error
};

/// A whole recording, in [-1, 1]. Throws Error as Sound16k does, and bad_data if the recording is too long,
/// has samples that are not finite, or has no signal.
[[nodiscard]] std::vector<float> load_recording(const std::filesystem::path& path,
                                                const LoadOptions& options);
/// The same in 16 bits, the format in which the trainer and `mix` hold recordings.
[[nodiscard]] std::vector<std::int16_t> load_recording_pcm16(const std::filesystem::path& path,
                                                             const LoadOptions& options);

}  // namespace kwsd
