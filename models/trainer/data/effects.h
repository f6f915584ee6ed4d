// Effects of rooms, microphones and noise on a window of sound. Thread: any, pure apart from the generator.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "app/audio/pcm16.h"
#include "app/base/random.h"

namespace kwsd::train {

/// Root mean square, 0 for an empty span.
[[nodiscard]] float rms(std::span<const float> x) noexcept;
[[nodiscard]] float from_db(double db) noexcept;
void scale(std::span<float> x, float factor) noexcept;
/// Brings x to a level, RMS; silence stays silence.
void set_level(std::span<float> x, float level) noexcept;

/// out[i] += gain * in(at + i * speed), cubic interpolation; unchanged if that lies outside `in`. The ends of
/// `in` are faded over 5 ms to avoid clicks.
void add_resampled(std::span<const std::int16_t> in, double at, double speed, float gain,
                   std::span<float> out) noexcept;

/// White noise, or noise of 3 dB per octave less (pink), of the RMS given.
void add_white_noise(std::span<float> x, float level, Random& random) noexcept;
void add_pink_noise(std::span<float> x, float level, Random& random) noexcept;

/// A microphone: first-order high pass, sometimes a low pass, two resonances of up to ±max_db.
void microphone(std::span<float> x, double max_db, Random& random) noexcept;

/// Sections of a second-order Butterworth low pass at `hz`, one after the other. Samples at 16 kHz.
void low_pass(std::span<float> x, double hz, int sections) noexcept;

/// Time stretch by `factor` (> 1: longer) that keeps the pitch: waveform-similarity overlap-add.
/// `in` and the result are whole clips.
[[nodiscard]] std::vector<std::int16_t> stretch(std::span<const std::int16_t> in, double factor);

}  // namespace kwsd::train
