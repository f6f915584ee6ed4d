#include "engine/features/mfcc.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "engine/features/float4.h"
#include "engine/features/power_spectrum.h"
#include "engine/features/with_avx.h"
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
Float4 natural_log(Float4 x) noexcept {
  using Int4 = std::int32_t __attribute__((vector_size(16)));
  constexpr std::int32_t sqrt_half_bits = 0x3f3504f3;
  const Int4 bits = std::bit_cast<Int4>(x);
  const Int4 exponent = (bits - sqrt_half_bits) >> 23;
  const auto m = std::bit_cast<Float4>(bits - (exponent << 23));
  const Float4 s = (m - 1.0F) / (m + 1.0F);
  const Float4 s2 = s * s;
  const Float4 series = ((s2 * (1.0F / 9) + 1.0F / 7) * s2 + 1.0F / 5) * s2 + 1.0F / 3;
  return __builtin_convertvector(exponent, Float4) * std::numbers::ln2_v<float> +
         2.0F * s * (1.0F + s2 * series);
}

/// The part of one mel triangle that is not zero, padded with zeros to groups of four bins.
struct MelTriangle {
  std::size_t first_bin = 0;
  std::vector<Float4Group> weights;  // groups of four bins from first_bin
};

std::vector<MelTriangle> make_mel_bank(const FeatureParams& p) {
  const double low = mel_of_hz(p.mel_low_hz);
  const double step = (mel_of_hz(p.mel_high_hz) - low) / (p.mel_bands + 1.0);
  std::vector<MelTriangle> bank(p.mel_bands);
  for (std::uint32_t band = 0; band < p.mel_bands; ++band) {
    const double left = hz_of_mel(low + step * band);
    const double centre = hz_of_mel(low + step * (band + 1));
    const double right = hz_of_mel(low + step * (band + 2));
    std::size_t count = 0;
    for (std::uint32_t k = 0; k <= p.fft_size / 2; ++k) {
      const double hz = double{1} * k * p.sample_rate_hz / p.fft_size;
      const double weight = std::min((hz - left) / (centre - left), (right - hz) / (right - centre));
      if (weight <= 0) {
        continue;
      }
      if (count == 0) {
        bank[band].first_bin = k;
      }
      if (count % 4 == 0) {
        bank[band].weights.push_back({});
      }
      bank[band].weights.back().lanes[count++ % 4] = static_cast<float>(weight);
    }
  }
  return bank;
}

/// Groups of four coefficients that the cosine transform sums at a time.
constexpr std::size_t dct_tile = 4;

/// Orthonormal DCT-II, [mel_bands][coefficients], rows padded with zeros to whole tiles.
std::vector<Float4Group> make_dct(const FeatureParams& p) {
  const std::size_t row_groups = (p.coefficients + 4 * dct_tile - 1) / (4 * dct_tile) * dct_tile;
  std::vector<Float4Group> dct(p.mel_bands * row_groups);
  for (std::uint32_t m = 0; m < p.mel_bands; ++m) {
    for (std::uint32_t j = 0; j < p.coefficients; ++j) {
      const double scale = std::sqrt((j == 0 ? 1.0 : 2.0) / p.mel_bands);
      dct[m * row_groups + j / 4].lanes[j % 4] =
          static_cast<float>(scale * std::cos(std::numbers::pi * j * (m + 0.5) / p.mel_bands));
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

}  // namespace

void validate(const FeatureParams& p) {
  check_range("sample_rate_hz", p.sample_rate_hz, 8000U, 48000U);
  check_range("frame_samples", p.frame_samples, 64U, 4096U);
  check_range("hop_samples", p.hop_samples, 16U, p.frame_samples);
  check_range("fft_size", p.fft_size, p.frame_samples, 8192U);
  if (p.fft_size % 32 != 0 || !has_only_factors_2_3_5(p.fft_size)) {
    throw Error(ErrorKind::bad_data, "features: fft_size is " + std::to_string(p.fft_size) +
                                         ", expected a multiple of 32 with no factors but 2, 3 and 5");
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

struct MfccTables::Impl {
  explicit Impl(const FeatureParams& p);

  FeatureParams params;
  std::vector<float> window;          // (frame_samples)
  std::vector<MelTriangle> mel_bank;  // (mel_bands)
  std::vector<Float4Group> dct;       // [mel_bands][coefficients], in whole tiles
  PowerSpectrum spectrum;
};

MfccTables::Impl::Impl(const FeatureParams& p)
    : params(p),
      window(make_hann(p.frame_samples)),
      mel_bank(make_mel_bank(p)),
      dct(make_dct(p)),
      spectrum(p.fft_size) {}

MfccTables::MfccTables(const FeatureParams& params) {
  validate(params);
  impl_ = std::make_unique<const Impl>(params);
}

MfccTables::~MfccTables() = default;

const FeatureParams& MfccTables::params() const noexcept {
  return impl_->params;
}

struct Mfcc::Impl {
  explicit Impl(std::shared_ptr<const MfccTables> shared);

  void compute(std::span<const float> samples, std::span<float> out) noexcept;
  void compute_avx(std::span<const float> samples, std::span<float> out) noexcept;
  void window_into_buffer(std::span<const float> samples) noexcept;
  void mel_energies() noexcept;
  void logarithms() noexcept;
  void cosine_transform(std::span<float> out) const noexcept;

  std::shared_ptr<const MfccTables> owner;
  const MfccTables::Impl& tables;
  PowerSpectrum::Scratch spectrum;
  std::vector<float> windowed;      // (fft_size), zero past frame_samples
  std::vector<float> power;         // (fft_size / 2 + 1), and 3 zeros for the last group of a triangle
  std::vector<float> mel;           // (mel_bands), rounded up to groups of four
  std::vector<float> coefficients;  // (coefficients)
};

Mfcc::Impl::Impl(std::shared_ptr<const MfccTables> shared)
    : owner(std::move(shared)),
      tables(*owner->impl_),
      spectrum(tables.spectrum),
      windowed(tables.params.fft_size),
      power(tables.params.fft_size / 2 + 4),
      mel((tables.params.mel_bands + 3) / 4 * 4),
      coefficients(tables.params.coefficients) {}

Mfcc::Mfcc(const FeatureParams& params) : Mfcc(std::make_shared<const MfccTables>(params)) {}

Mfcc::Mfcc(std::shared_ptr<const MfccTables> tables) : impl_(std::make_unique<Impl>(std::move(tables))) {}

Mfcc::~Mfcc() = default;
Mfcc::Mfcc(Mfcc&&) noexcept = default;
Mfcc& Mfcc::operator=(Mfcc&&) noexcept = default;

const FeatureParams& Mfcc::params() const noexcept {
  return impl_->tables.params;
}

void Mfcc::compute(std::span<const float> samples, std::span<float> out) noexcept {
  if (has_avx()) {
    impl_->compute_avx(samples, out);
  } else {
    impl_->compute(samples, out);
  }
}

void Mfcc::Impl::compute(std::span<const float> samples, std::span<float> out) noexcept {
  window_into_buffer(samples);
  tables.spectrum.compute(windowed, power, spectrum);
  mel_energies();
  logarithms();
  cosine_transform(out);
}

KWSD_WITH_AVX void Mfcc::Impl::compute_avx(std::span<const float> samples, std::span<float> out) noexcept {
  compute(samples, out);
}

void Mfcc::compute_quantized(std::span<const float> samples, std::span<std::int8_t> out) noexcept {
  Impl& s = *impl_;
  const FeatureParams& p = s.tables.params;
  compute(samples, s.coefficients);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const float scaled = (s.coefficients[j] - p.mean[j]) * p.scale[j];
    out[j] = static_cast<std::int8_t>(std::round(std::clamp(scaled, -127.0F, 127.0F)));
  }
}

void Mfcc::Impl::window_into_buffer(std::span<const float> samples) noexcept {
  // The bits of |x| order like |x| itself, with infinity and NaN at the top: one maximum shows whether all
  // values are valid.
  const std::vector<float>& window = tables.window;
  constexpr std::uint32_t one_bits = 0x3f800000;
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < window.size(); ++i) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(samples[i]) & 0x7fffffffU);
    windowed[i] = samples[i] * window[i];
  }
  if (largest > one_bits) {
    for (std::size_t i = 0; i < window.size(); ++i) {
      const float x = std::isfinite(samples[i]) ? std::clamp(samples[i], -1.0F, 1.0F) : 0.0F;
      windowed[i] = x * window[i];
    }
  }
}

void Mfcc::Impl::mel_energies() noexcept {
  const std::vector<MelTriangle>& mel_bank = tables.mel_bank;
  for (std::size_t band = 0; band < mel_bank.size(); ++band) {
    const float* bins = power.data() + mel_bank[band].first_bin;
    Float4 sums{};
    for (const Float4Group& weights : mel_bank[band].weights) {
      sums += weights.lanes * load4(bins);
      bins += 4;
    }
    mel[band] = (sums[0] + sums[1]) + (sums[2] + sums[3]) + tables.params.log_floor;
  }
}

void Mfcc::Impl::logarithms() noexcept {
  for (std::size_t band = 0; band < mel.size(); band += 4) {
    store4(mel.data() + band, natural_log(load4(mel.data() + band)));
  }
}

/// out[j] = sum_m dct[m][j] mel[m], one tile of coefficients at a time.
void Mfcc::Impl::cosine_transform(std::span<float> out) const noexcept {
  const std::vector<Float4Group>& dct = tables.dct;
  const std::size_t bands = tables.mel_bank.size();
  const std::size_t row_groups = dct.size() / bands;
  for (std::size_t first = 0; first < row_groups; first += dct_tile) {
    std::array<Float4, dct_tile> sums{};
    for (std::size_t m = 0; m < bands; ++m) {
      for (std::size_t group = 0; group < dct_tile; ++group) {
        sums[group] += dct[m * row_groups + first + group].lanes * mel[m];
      }
    }
    for (std::size_t j = 4 * first; j < std::min(4 * (first + dct_tile), out.size()); ++j) {
      out[j] = sums[j / 4 % dct_tile][j % 4];
    }
  }
}

}  // namespace kwsd
