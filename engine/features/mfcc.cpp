#include "engine/features/mfcc.h"

#include <kiss_fftr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "engine/model/error.h"

namespace kwsd {
namespace {

/// A field that must lie in [low, high].
template <class T>
void check_range(const char* field, T value, T low, T high) {
  if (!(value >= low && value <= high)) {
    throw Error(ErrorKind::bad_data, std::string("features: ") + field + " is " + std::to_string(value) +
                                         ", expected " + std::to_string(low) + " to " + std::to_string(high));
  }
}

bool has_only_factors_2_3_5(std::uint32_t n) {
  for (const std::uint32_t factor : {2U, 3U, 5U}) {
    while (n % factor == 0) {
      n /= factor;
    }
  }
  return n == 1;
}

double mel_of_hz(double hz) {
  return 2595.0 * std::log10(1.0 + hz / 700.0);
}
double hz_of_mel(double mel) {
  return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
}

/// ln(x) for finite x > 0, the same bits on every machine: exponent and mantissa m in [sqrt(1/2), sqrt(2)),
/// ln(m) = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172; the series to s^9 leaves an error below 3e-9,
/// so float rounding (about 1e-6) decides.
float natural_log(float x) noexcept {
  constexpr std::uint32_t sqrt_half_bits = 0x3f3504f3;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  const auto exponent = static_cast<std::int32_t>(bits - sqrt_half_bits) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << 23U));
  const float s = (m - 1.0F) / (m + 1.0F);
  const float s2 = s * s;
  const float series = ((s2 * (1.0F / 9) + 1.0F / 7) * s2 + 1.0F / 5) * s2 + 1.0F / 3;
  return static_cast<float>(exponent) * std::numbers::ln2_v<float> + 2.0F * s * (1.0F + s2 * series);
}

/// The non-zero part of one mel triangle.
struct MelTriangle {
  int first_bin = 0;
  std::vector<float> weights;  // one per bin from first_bin
};

std::vector<MelTriangle> make_mel_bank(const FeatureParams& p) {
  const double low = mel_of_hz(p.mel_low_hz);
  const double step = (mel_of_hz(p.mel_high_hz) - low) / (p.mel_bands + 1.0);
  std::vector<MelTriangle> bank(p.mel_bands);
  for (std::uint32_t band = 0; band < p.mel_bands; ++band) {
    const double left = hz_of_mel(low + step * band);
    const double centre = hz_of_mel(low + step * (band + 1));
    const double right = hz_of_mel(low + step * (band + 2));
    for (std::uint32_t k = 0; k <= p.fft_size / 2; ++k) {
      const double hz = double{1} * k * p.sample_rate_hz / p.fft_size;
      const double weight = std::min((hz - left) / (centre - left), (right - hz) / (right - centre));
      if (weight > 0) {
        if (bank[band].weights.empty()) {
          bank[band].first_bin = static_cast<int>(k);
        }
        bank[band].weights.push_back(static_cast<float>(weight));
      }
    }
  }
  return bank;
}

/// Orthonormal DCT-II, [coefficients][mel_bands].
std::vector<float> make_dct(const FeatureParams& p) {
  std::vector<float> dct;
  for (std::uint32_t j = 0; j < p.coefficients; ++j) {
    const double scale = std::sqrt((j == 0 ? 1.0 : 2.0) / p.mel_bands);
    for (std::uint32_t m = 0; m < p.mel_bands; ++m) {
      dct.push_back(static_cast<float>(scale * std::cos(std::numbers::pi * j * (m + 0.5) / p.mel_bands)));
    }
  }
  return dct;
}

std::vector<float> make_hann(std::uint32_t n) {
  std::vector<float> window(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    window[i] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * i / n));
  }
  return window;
}

struct FreeFft {
  void operator()(kiss_fftr_state* state) const noexcept { kiss_fftr_free(state); }
};

}  // namespace

void validate(const FeatureParams& p) {
  check_range("sample_rate_hz", p.sample_rate_hz, 8000U, 48000U);
  check_range("frame_samples", p.frame_samples, 64U, 4096U);
  check_range("hop_samples", p.hop_samples, 16U, p.frame_samples);
  check_range("fft_size", p.fft_size, p.frame_samples, 8192U);
  if (p.fft_size % 2 != 0 || !has_only_factors_2_3_5(p.fft_size)) {
    throw Error(ErrorKind::bad_data, "features: fft_size is " + std::to_string(p.fft_size) +
                                         ", expected an even number with no factors but 2, 3 and 5");
  }
  check_range("mel_bands", p.mel_bands, 4U, 128U);
  check_range("coefficients", p.coefficients, 4U, p.mel_bands);
  const float nyquist_hz = static_cast<float>(p.sample_rate_hz) / 2;
  check_range("mel_low_hz", p.mel_low_hz, 0.0F, nyquist_hz);
  check_range("mel_high_hz", p.mel_high_hz, p.mel_low_hz + 100.0F, nyquist_hz);
  check_range("log_floor", p.log_floor, 1e-30F, 1.0F);
  for (const auto& [field, values] : {std::pair{"mean", &p.mean}, std::pair{"scale", &p.scale}}) {
    if (!values->empty() && values->size() != p.coefficients) {
      throw Error(ErrorKind::bad_data, std::string("features: ") + field + " has " +
                                           std::to_string(values->size()) + " values, expected " +
                                           std::to_string(p.coefficients));
    }
    for (const float value : *values) {
      check_range(field, value, values == &p.scale ? 1e-6F : -1e6F, 1e6F);
    }
  }
}

struct Mfcc::Impl {
  FeatureParams params;
  std::vector<float> window;          // (frame_samples)
  std::vector<MelTriangle> mel_bank;  // (mel_bands)
  std::vector<float> dct;             // [coefficients][mel_bands]
  std::unique_ptr<kiss_fftr_state, FreeFft> fft;
  std::vector<float> windowed;         // (fft_size), zero past frame_samples
  std::vector<kiss_fft_cpx> spectrum;  // (fft_size / 2 + 1)
  std::vector<float> power;            // (fft_size / 2 + 1)
  std::vector<float> log_mel;          // (mel_bands)
  std::vector<float> coefficients;     // (coefficients)
};

Mfcc::Mfcc(const FeatureParams& params) {
  validate(params);
  impl_ = std::make_unique<Impl>();
  impl_->params = params;
  impl_->window = make_hann(params.frame_samples);
  impl_->mel_bank = make_mel_bank(params);
  impl_->dct = make_dct(params);
  impl_->fft.reset(kiss_fftr_alloc(static_cast<int>(params.fft_size), 0, nullptr, nullptr));
  if (!impl_->fft) {
    throw Error(ErrorKind::internal, "features: the FFT could not be set up");
  }
  impl_->windowed.assign(params.fft_size, 0.0F);
  impl_->spectrum.resize(params.fft_size / 2 + 1);
  impl_->power.resize(params.fft_size / 2 + 1);
  impl_->log_mel.resize(params.mel_bands);
  impl_->coefficients.resize(params.coefficients);
}

Mfcc::~Mfcc() = default;
Mfcc::Mfcc(Mfcc&&) noexcept = default;
Mfcc& Mfcc::operator=(Mfcc&&) noexcept = default;

const FeatureParams& Mfcc::params() const noexcept {
  return impl_->params;
}

void Mfcc::compute(std::span<const float> samples, std::span<float> out) noexcept {
  Impl& s = *impl_;
  for (std::size_t i = 0; i < s.window.size(); ++i) {
    const float x = std::isfinite(samples[i]) ? std::clamp(samples[i], -1.0F, 1.0F) : 0.0F;
    s.windowed[i] = x * s.window[i];
  }
  kiss_fftr(s.fft.get(), s.windowed.data(), s.spectrum.data());
  for (std::size_t k = 0; k < s.power.size(); ++k) {
    s.power[k] = s.spectrum[k].r * s.spectrum[k].r + s.spectrum[k].i * s.spectrum[k].i;
  }
  for (std::size_t band = 0; band < s.mel_bank.size(); ++band) {
    const MelTriangle& triangle = s.mel_bank[band];
    const float* power = s.power.data() + triangle.first_bin;
    float energy = 0;
    for (std::size_t i = 0; i < triangle.weights.size(); ++i) {
      energy += triangle.weights[i] * power[i];
    }
    s.log_mel[band] = natural_log(energy + s.params.log_floor);
  }
  const std::size_t bands = s.log_mel.size();
  for (std::size_t j = 0; j < out.size(); ++j) {
    const float* row = s.dct.data() + j * bands;
    float sum = 0;
    for (std::size_t m = 0; m < bands; ++m) {
      sum += row[m] * s.log_mel[m];
    }
    out[j] = sum;
  }
}

void Mfcc::compute_quantized(std::span<const float> samples, std::span<std::int8_t> out) noexcept {
  Impl& s = *impl_;
  compute(samples, s.coefficients);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const float scaled = (s.coefficients[j] - s.params.mean[j]) * s.params.scale[j];
    const float rounded = scaled < 0 ? std::ceil(scaled - 0.5F) : std::floor(scaled + 0.5F);
    out[j] = static_cast<std::int8_t>(std::clamp(rounded, -127.0F, 127.0F));
  }
}

}  // namespace kwsd
