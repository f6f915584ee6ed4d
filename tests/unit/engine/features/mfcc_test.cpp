// MFCC against the formula of feature_params.h, computed naively in double precision.
#include "engine/features/mfcc.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "engine/features/framer.h"
#include "engine/model/error.h"

namespace {

using kwsd::FeatureParams;
using kwsd::Mfcc;

std::vector<double> naive_mfcc(const FeatureParams& p, const std::vector<float>& x) {
  constexpr double pi = std::numbers::pi;
  std::vector<std::complex<double>> turns(p.fft_size);
  for (std::size_t n = 0; n < turns.size(); ++n) {
    turns[n] = std::polar(1.0, -2 * pi * static_cast<double>(n) / p.fft_size);
  }
  std::vector<double> windowed(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    windowed[i] = double{x[i]} * (0.5 - 0.5 * std::cos(2 * pi * static_cast<double>(i) / p.frame_samples));
  }
  std::vector<double> power(p.fft_size / 2 + 1);
  for (std::size_t k = 0; k < power.size(); ++k) {
    std::complex<double> sum = 0;
    for (std::size_t i = 0, n = 0; i < x.size(); ++i, n = (n + k) % p.fft_size) {
      sum += windowed[i] * turns[n];
    }
    power[k] = std::norm(sum);
  }
  const auto mel = [](double hz) { return 2595 * std::log10(1 + hz / 700); };
  const auto hz = [](double m) { return 700 * (std::pow(10, m / 2595) - 1); };
  std::vector<double> log_mel(p.mel_bands);
  for (std::size_t m = 0; m < log_mel.size(); ++m) {
    const double step = (mel(p.mel_high_hz) - mel(p.mel_low_hz)) / (p.mel_bands + 1);
    const double a = hz(mel(p.mel_low_hz) + step * static_cast<double>(m));
    const double b = hz(mel(p.mel_low_hz) + step * static_cast<double>(m + 1));
    const double c = hz(mel(p.mel_low_hz) + step * static_cast<double>(m + 2));
    double energy = 0;
    for (std::size_t k = 0; k < power.size(); ++k) {
      const double f = static_cast<double>(k) * p.sample_rate_hz / p.fft_size;
      energy += power[k] * std::max(0.0, std::min((f - a) / (b - a), (c - f) / (c - b)));
    }
    log_mel[m] = std::log(energy + double{p.log_floor});
  }
  std::vector<double> out(p.coefficients);
  for (std::size_t j = 0; j < out.size(); ++j) {
    for (std::size_t m = 0; m < log_mel.size(); ++m) {
      out[j] +=
          log_mel[m] * std::cos(pi * static_cast<double>(j) * (static_cast<double>(m) + 0.5) / p.mel_bands);
    }
    out[j] *= std::sqrt((j == 0 ? 1.0 : 2.0) / p.mel_bands);
  }
  return out;
}

std::vector<float> random_frame(std::uint32_t n, unsigned seed, float amplitude) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-amplitude, amplitude);
  std::vector<float> x(n);
  std::generate(x.begin(), x.end(), [&] { return uniform(generator); });
  return x;
}

}  // namespace

TEST_CASE("MFCC agrees with the written-out formula") {
  FeatureParams p;
  const auto [frame, fft] = GENERATE(std::pair{640U, 640U}, std::pair{400U, 512U}, std::pair{64U, 64U},
                                     std::pair{64U, 96U}, std::pair{320U, 480U}, std::pair{4096U, 8192U});
  p.frame_samples = frame;
  p.fft_size = fft;
  p.hop_samples = frame / 2;
  p.coefficients = 20;
  Mfcc mfcc(p);
  for (const float amplitude : {1.0F, 0.01F, 1e-4F}) {
    const auto x = random_frame(frame, 7, amplitude);
    std::vector<float> out(p.coefficients);
    mfcc.compute(x, out);
    const auto expected = naive_mfcc(p, x);
    for (std::size_t j = 0; j < out.size(); ++j) {
      CHECK(out[j] == Approx(expected[j]).margin(2e-3));  // float FFT: about 1e-5 in the log, 32 terms
    }
  }
}

TEST_CASE("MFCC has the same bits on every architecture") {
  // The checksum was computed on x86-64; arm64 runs this same test. Noise of changing level from integers.
  FeatureParams p;
  Mfcc mfcc(p);
  std::uint32_t state = 1;
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over the bits of every coefficient
  std::vector<float> x(p.frame_samples);
  std::vector<float> out(p.coefficients);
  for (int frame = 0; frame < 200; ++frame) {
    for (float& sample : x) {
      state = state * 1664525U + 1013904223U;
      sample = static_cast<float>(static_cast<std::int32_t>(state) >> (frame % 16)) / 2147483648.0F;
    }
    mfcc.compute(x, out);
    for (const float c : out) {
      hash = (hash ^ std::bit_cast<std::uint32_t>(c)) * 0x100000001b3;
    }
  }
  CHECK(hash == 0xdfddc36e6223795c);
}

TEST_CASE("MFCC of extreme input is finite") {
  FeatureParams p;
  p.mean.assign(p.coefficients, 0.0F);
  p.scale.assign(p.coefficients, 10.0F);
  Mfcc mfcc(p);
  std::vector<float> x(p.frame_samples);
  SECTION("silence is the log floor in c[0] and nothing else") {
    std::vector<float> out(p.coefficients);
    mfcc.compute(x, out);
    CHECK(out[0] == Approx(std::log(1e-6) * std::sqrt(32.0)).epsilon(1e-5));
    CHECK(std::all_of(out.begin() + 1, out.end(), [](float c) { return std::abs(c) < 1e-3F; }));
  }
  SECTION("square wave at full scale") {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 64 < 32 ? 1.0F : -1.0F;
  }
  SECTION("direct current") {
    std::fill(x.begin(), x.end(), 1.0F);
  }
  SECTION("NaN and infinity count as nothing, overload is clamped") {
    x[3] = std::numeric_limits<float>::quiet_NaN();
    x[4] = std::numeric_limits<float>::infinity();
    x[5] = -1e30F;
    std::vector<float> clean(x.size());
    clean[5] = -1.0F;
    std::vector<float> out(p.coefficients);
    std::vector<float> expected(p.coefficients);
    mfcc.compute(x, out);
    mfcc.compute(clean, expected);
    CHECK(out == expected);
  }
  std::vector<float> out(p.coefficients);
  std::vector<std::int8_t> quantized(p.coefficients);
  mfcc.compute(x, out);
  mfcc.compute_quantized(x, quantized);
  for (std::size_t j = 0; j < out.size(); ++j) {
    CHECK(std::isfinite(out[j]));
    CHECK(int{quantized[j]} == std::clamp(static_cast<int>(std::lround(out[j] * 10.0F)), -127, 127));
  }
}

TEST_CASE("feature parameters out of range are refused by name") {
  const auto refuses = [](auto&& change, const std::string& field) {
    FeatureParams p;
    change(p);
    CHECK_THROWS_WITH(Mfcc(p), Catch::Contains(field));
  };
  refuses([](FeatureParams& p) { p.frame_samples = 0; }, "frame_samples");
  refuses([](FeatureParams& p) { p.hop_samples = 641; }, "hop_samples");
  refuses([](FeatureParams& p) { p.fft_size = 638; }, "fft_size");
  refuses([](FeatureParams& p) { p.fft_size = 742; }, "fft_size");
  refuses([](FeatureParams& p) { p.coefficients = 33; }, "coefficients");
  refuses([](FeatureParams& p) { p.mel_high_hz = 9000; }, "mel_high_hz");
  refuses([](FeatureParams& p) { p.log_floor = 0; }, "log_floor");
  refuses([](FeatureParams& p) { p.scale.assign(32, 0.0F); }, "scale");
  refuses([](FeatureParams& p) { p.mean.assign(31, 0.0F); }, "mean");
}

TEST_CASE("frames are cut at the hop, whatever the sizes of the pieces") {
  const std::size_t piece = GENERATE(1U, 7U, 384U, 640U, 5000U);
  std::vector<float> stream(5000);
  for (std::size_t i = 0; i < stream.size(); ++i) stream[i] = static_cast<float>(i);
  kwsd::Framer framer(640, 384);
  std::int64_t frames = 0;
  for (std::size_t i = 0; i < stream.size(); i += piece) {
    framer.push(std::span(stream).subspan(i, std::min(piece, stream.size() - i)),
                [&](std::span<const float> frame, std::int64_t index) {
                  CHECK(index == frames++);
                  CHECK(frame.size() == 640);
                  CHECK(frame.front() == static_cast<float>(index * 384));
                  CHECK(frame.back() == static_cast<float>(index * 384 + 639));
                });
  }
  CHECK(frames == 12);
}
