// The features that a model was trained on. The parameters are stored in the model file, so that a model
// always gets its own features. Thread: immutable after loading.
#pragma once

#include <cstdint>
#include <vector>

namespace kwsd {

/// MFCC parameters. Frame i covers samples [i * hop_samples, i * hop_samples + frame_samples).
///
///   x     = samples of the frame in [-1, 1], times a periodic Hann window
///   P[k]  = |DFT_fft_size(x, zero-padded)[k]|^2,          k = 0 .. fft_size / 2
///   E[m]  = sum_k P[k] * triangle_m(k)   mel (HTK: 2595 log10(1 + f / 700)) triangles of peak 1,
///           mel_bands + 2 edges equally spaced in mel from mel_low_hz to mel_high_hz, evaluated at
///           the exact bin frequencies k * sample_rate_hz / fft_size
///   L[m]  = ln(E[m] + log_floor)
///   c[j]  = s_j * sum_m L[m] * cos(pi * j * (m + 0.5) / mel_bands),  DCT-II, orthonormal:
///           s_0 = sqrt(1 / mel_bands), s_j = sqrt(2 / mel_bands)
///   q[j]  = clamp(round_half_away((c[j] - mean[j]) * scale[j]), -127, 127)     what the network sees
struct FeatureParams {
  std::uint32_t sample_rate_hz = 16000;
  std::uint32_t frame_samples = 640;  ///< window length; 64 .. 4096
  std::uint32_t hop_samples = 384;    ///< 16 .. frame_samples
  std::uint32_t fft_size = 640;       ///< multiple of 32, >= frame_samples, <= 8192, factors 2, 3 and 5 only
  std::uint32_t mel_bands = 32;       ///< 4 .. 128
  std::uint32_t coefficients = 32;    ///< 4 .. mel_bands
  float mel_low_hz = 20.0F;
  float mel_high_hz = 7600.0F;  ///< <= sample_rate_hz / 2
  float log_floor = 1e-6F;      ///< > 0
  std::vector<float> mean;      ///< (coefficients)
  std::vector<float> scale;     ///< (coefficients), > 0; quantization steps per unit

  bool operator==(const FeatureParams&) const = default;
};

}  // namespace kwsd
