#include "engine/features/power_spectrum.h"

#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

#include "engine/features/with_avx.h"

namespace kwsd {
namespace {

/// exp(-2 pi i k / n).
std::complex<double> root_of_unity(std::size_t k, std::size_t n) {
  const double angle = -2 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

/// Four roots of unity, one a lane: exp(-2 pi i k / n) for k = first, first + step, ...
Complex4 four_roots(std::size_t first, std::size_t step, std::size_t n) {
  Complex4 out{};
  for (std::size_t lane = 0; lane < 4; ++lane) {
    const auto root = root_of_unity(first + lane * step, n);
    out.re[lane] = static_cast<float>(root.real());
    out.im[lane] = static_cast<float>(root.imag());
  }
  return out;
}

Float4 reversed(Float4 v) noexcept {
  return __builtin_shufflevector(v, v, 3, 2, 1, 0);
}

Complex4 operator+(Complex4 a, Complex4 b) noexcept {
  return {a.re + b.re, a.im + b.im};
}
Complex4 operator-(Complex4 a, Complex4 b) noexcept {
  return {a.re - b.re, a.im - b.im};
}
Complex4 operator*(Complex4 a, Complex4 b) noexcept {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
Complex4 operator*(float s, Complex4 a) noexcept {
  return {s * a.re, s * a.im};
}
/// a * (re + i im), the same factor in all lanes.
Complex4 rotated(Complex4 a, float re, float im) noexcept {
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}
Complex4 minus_i(Complex4 a) noexcept {
  return {a.im, -a.re};
}

// Discrete Fourier transforms of 2, 3, 4 and 5 points, in place.
void dft(std::array<Complex4, 2>& v) noexcept {
  v = {v[0] + v[1], v[0] - v[1]};
}
void dft(std::array<Complex4, 3>& v) noexcept {
  constexpr float sin1 = 0.866025404F;  // sin(2 pi / 3)
  const Complex4 sum = v[1] + v[2];
  const Complex4 middle = v[0] - 0.5F * sum;
  const Complex4 turn = minus_i(sin1 * (v[1] - v[2]));
  v = {v[0] + sum, middle + turn, middle - turn};
}
void dft(std::array<Complex4, 4>& v) noexcept {
  const Complex4 even0 = v[0] + v[2];
  const Complex4 even1 = v[0] - v[2];
  const Complex4 odd0 = v[1] + v[3];
  const Complex4 odd1 = minus_i(v[1] - v[3]);
  v = {even0 + odd0, even1 + odd1, even0 - odd0, even1 - odd1};
}
void dft(std::array<Complex4, 5>& v) noexcept {
  constexpr float cos1 = 0.309016994F;   // cos(2 pi / 5)
  constexpr float cos2 = -0.809016994F;  // cos(4 pi / 5)
  constexpr float sin1 = 0.951056516F;   // sin(2 pi / 5)
  constexpr float sin2 = 0.587785252F;   // sin(4 pi / 5)
  const Complex4 sum1 = v[1] + v[4];
  const Complex4 sum2 = v[2] + v[3];
  const Complex4 difference1 = v[1] - v[4];
  const Complex4 difference2 = v[2] - v[3];
  const Complex4 middle1 = v[0] + (cos1 * sum1 + cos2 * sum2);
  const Complex4 middle2 = v[0] + (cos2 * sum1 + cos1 * sum2);
  const Complex4 turn1 = minus_i(sin1 * difference1 + sin2 * difference2);
  const Complex4 turn2 = minus_i(sin2 * difference1 - sin1 * difference2);
  v = {v[0] + (sum1 + sum2), middle1 + turn1, middle2 + turn2, middle2 - turn2, middle1 - turn1};
}

/// One Stockham pass: y[q + s (R p + j)] = w^(p j) DFT_R(x[q + s (p + i blocks)])_j.
template <std::size_t R>
void pass(const Complex4* x, Complex4* y, std::size_t blocks, std::size_t stride, const float* w) noexcept {
  for (std::size_t p = 0; p < blocks; ++p, w += 2 * (R - 1)) {
    for (std::size_t q = 0; q < stride; ++q) {
      std::array<Complex4, R> v;
      for (std::size_t i = 0; i < R; ++i) {
        v[i] = x[q + stride * (p + i * blocks)];
      }
      dft(v);
      Complex4* out = y + q + stride * R * p;
      out[0] = v[0];
      for (std::size_t j = 1; j < R; ++j) {
        out[stride * j] = p == 0 ? v[j] : rotated(v[j], w[2 * j - 2], w[2 * j - 1]);
      }
    }
  }
}

/// Lanes <-> registers of a 4 x 4 block.
void transpose(Float4& a, Float4& b, Float4& c, Float4& d) noexcept {
  const Float4 ac_low = __builtin_shufflevector(a, c, 0, 4, 1, 5);
  const Float4 ac_high = __builtin_shufflevector(a, c, 2, 6, 3, 7);
  const Float4 bd_low = __builtin_shufflevector(b, d, 0, 4, 1, 5);
  const Float4 bd_high = __builtin_shufflevector(b, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ac_low, bd_low, 0, 4, 1, 5);
  b = __builtin_shufflevector(ac_low, bd_low, 2, 6, 3, 7);
  c = __builtin_shufflevector(ac_high, bd_high, 0, 4, 1, 5);
  d = __builtin_shufflevector(ac_high, bd_high, 2, 6, 3, 7);
}

}  // namespace

PowerSpectrum::PowerSpectrum(std::size_t size) : half_(size / 2), quarter_(size / 8) {
  std::size_t stride = 1;
  for (std::size_t left = quarter_; left > 1;) {
    std::size_t radix = 5;
    for (const std::size_t candidate : {4U, 2U, 3U}) {
      if (left % candidate == 0) {
        radix = candidate;
        break;
      }
    }
    Stage stage{radix, left / radix, stride, {}};
    for (std::size_t block = 0; block < stage.blocks; ++block) {
      for (std::size_t j = 1; j < radix; ++j) {
        const auto root = root_of_unity(block * j, left);
        stage.twiddles.push_back(static_cast<float>(root.real()));
        stage.twiddles.push_back(static_cast<float>(root.imag()));
      }
    }
    stages_.push_back(std::move(stage));
    stride *= radix;
    left /= radix;
  }
  for (std::size_t k = 0; k < quarter_; k += 4) {
    for (std::size_t r = 1; r < 4; ++r) {
      join_twiddles_.push_back(four_roots(k * r, r, half_));
    }
  }
  for (std::size_t k = 0; k < half_ / 2; k += 4) {
    real_twiddles_.push_back(four_roots(k, 1, size));
  }
}

PowerSpectrum::Scratch::Scratch(const PowerSpectrum& spectrum)
    : lanes(spectrum.quarter_),
      other_lanes(spectrum.quarter_),
      re(spectrum.half_ + 1),
      im(spectrum.half_ + 1) {}

void PowerSpectrum::compute(std::span<const float> samples, std::span<float> power,
                            Scratch& scratch) const noexcept {
  if (has_avx()) {
    compute_avx(samples.data(), power.data(), scratch);
  } else {
    compute_here(samples.data(), power.data(), scratch);
  }
}

inline void PowerSpectrum::compute_here(const float* samples, float* power, Scratch& scratch) const noexcept {
  split_into_lanes(samples, scratch);
  transform_lanes(scratch);
  join_lanes(scratch);
  unpack_real(scratch, power);
}

KWSD_WITH_AVX void PowerSpectrum::compute_avx(const float* samples, float* power,
                                              Scratch& scratch) const noexcept {
  compute_here(samples, power, scratch);
}

/// z[n] = x[2 n] + i x[2 n + 1], lane r = z[4 n + r].
inline void PowerSpectrum::split_into_lanes(const float* samples, Scratch& scratch) const noexcept {
  for (std::size_t n = 0; n < quarter_; ++n) {
    const Float4 low = load4(samples + 8 * n);
    const Float4 high = load4(samples + 8 * n + 4);
    scratch.lanes[n] = {__builtin_shufflevector(low, high, 0, 2, 4, 6),
                        __builtin_shufflevector(low, high, 1, 3, 5, 7)};
  }
}

inline void PowerSpectrum::transform_lanes(Scratch& scratch) const noexcept {
  for (const Stage& s : stages_) {
    const auto run = [&](auto stage_pass) {
      stage_pass(scratch.lanes.data(), scratch.other_lanes.data(), s.blocks, s.stride, s.twiddles.data());
    };
    switch (s.radix) {
      case 2:
        run(pass<2>);
        break;
      case 3:
        run(pass<3>);
        break;
      case 4:
        run(pass<4>);
        break;
      default:
        run(pass<5>);
    }
    std::swap(scratch.lanes, scratch.other_lanes);
  }
}

/// Z[k + m quarter] = sum_r (-i)^(r m) exp(-2 pi i r k / half) lane_r[k]: four k at a time.
inline void PowerSpectrum::join_lanes(Scratch& scratch) const noexcept {
  const Complex4* twiddle = join_twiddles_.data();
  for (std::size_t k = 0; k < quarter_; k += 4, twiddle += 3) {
    std::array<Complex4, 4> v{scratch.lanes[k], scratch.lanes[k + 1], scratch.lanes[k + 2],
                              scratch.lanes[k + 3]};
    transpose(v[0].re, v[1].re, v[2].re, v[3].re);
    transpose(v[0].im, v[1].im, v[2].im, v[3].im);
    for (std::size_t r = 1; r < 4; ++r) {
      v[r] = v[r] * twiddle[r - 1];
    }
    dft(v);
    for (std::size_t m = 0; m < 4; ++m) {
      store4(scratch.re.data() + k + m * quarter_, v[m].re);
      store4(scratch.im.data() + k + m * quarter_, v[m].im);
    }
  }
  scratch.re[half_] = scratch.re[0];
  scratch.im[half_] = scratch.im[0];
}

/// X[k] = E + O, X[half - k] = conj(E - O), with E = (Z[k] + conj Z[half - k]) / 2 and
/// O = exp(-2 pi i k / size) (Z[k] - conj Z[half - k]) / 2i.
inline void PowerSpectrum::unpack_real(const Scratch& scratch, float* power) const noexcept {
  for (std::size_t k = 0; k < half_ / 2; k += 4) {
    const std::size_t mirror = half_ - k - 3;
    const Complex4 z{load4(scratch.re.data() + k), load4(scratch.im.data() + k)};
    const Complex4 conjugate{reversed(load4(scratch.re.data() + mirror)),
                             -reversed(load4(scratch.im.data() + mirror))};
    const Complex4 even = z + conjugate;
    const Complex4 odd = minus_i(z - conjugate) * real_twiddles_[k / 4];
    const Complex4 low = 0.5F * (even + odd);
    const Complex4 high = 0.5F * (even - odd);
    store4(power + k, low.re * low.re + low.im * low.im);
    store4(power + mirror, reversed(high.re * high.re + high.im * high.im));
  }
  const std::size_t middle = half_ / 2;
  power[middle] = scratch.re[middle] * scratch.re[middle] + scratch.im[middle] * scratch.im[middle];
}

}  // namespace kwsd
