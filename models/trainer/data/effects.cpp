#include "models/trainer/data/effects.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kwsd::train {
namespace {

/// Second-order section, direct form 1 transposed.
struct Biquad {
  float b0 = 1, b1 = 0, b2 = 0, a1 = 0, a2 = 0;

  void run(std::span<float> x) const noexcept {
    float s1 = 0;
    float s2 = 0;
    for (float& v : x) {
      const float y = b0 * v + s1;
      s1 = b1 * v - a1 * y + s2;
      s2 = b2 * v - a2 * y;
      v = y;
    }
  }
};

/// Resonance of gain_db at frequency f (in cycles per sample), R. Bristow-Johnson's cookbook.
Biquad peaking(double f, double q, double gain_db) {
  const double a = std::pow(10.0, gain_db / 40.0);
  const double w = 2 * std::numbers::pi * f;
  const double alpha = std::sin(w) / (2 * q);
  const double a0 = 1 + alpha / a;
  const auto coefficient = [a0](double v) { return static_cast<float>(v / a0); };
  return {coefficient(1 + alpha * a), coefficient(-2 * std::cos(w)), coefficient(1 - alpha * a),
          coefficient(-2 * std::cos(w)), coefficient(1 - alpha / a)};
}

/// Butterworth low pass (or high pass) at f.
Biquad pass(double f, bool high) {
  const double w = 2 * std::numbers::pi * f;
  const double alpha = std::sin(w) / std::numbers::sqrt2;
  const double a0 = 1 + alpha;
  const double edge = high ? 1 + std::cos(w) : 1 - std::cos(w);
  const auto coefficient = [a0](double v) { return static_cast<float>(v / a0); };
  return {coefficient(edge / 2), coefficient(high ? -edge : edge), coefficient(edge / 2),
          coefficient(-2 * std::cos(w)), coefficient(1 - alpha)};
}

/// Uniform in [-1, 1), two per 64 random bits.
template <class Each>
void uniform_noise(std::size_t count, Random& random, Each&& each) noexcept {
  constexpr float unit = 0x1.0p-31F;
  for (std::size_t i = 0; i < count; i += 2) {
    const std::uint64_t bits = random.next();
    each(i, static_cast<float>(static_cast<std::int32_t>(bits)) * unit);
    if (i + 1 < count) {
      each(i + 1, static_cast<float>(static_cast<std::int32_t>(bits >> 32U)) * unit);
    }
  }
}

}  // namespace

float rms(std::span<const float> x) noexcept {
  double sum = 0;
  for (const float v : x) {
    sum += static_cast<double>(v) * v;
  }
  return x.empty() ? 0.0F : static_cast<float>(std::sqrt(sum / static_cast<double>(x.size())));
}

float from_db(double db) noexcept {
  return static_cast<float>(std::pow(10.0, db / 20.0));
}

void scale(std::span<float> x, float factor) noexcept {
  for (float& v : x) {
    v *= factor;
  }
}

void set_level(std::span<float> x, float level) noexcept {
  const float now = rms(x);
  scale(x, now > 0 ? level / now : 0);
}

void add_resampled(std::span<const std::int16_t> in, double at, double speed, float gain,
                   std::span<float> out) noexcept {
  constexpr double fade_samples = 80;
  constexpr double one = 4294967296.0;  // positions are 32.32 fixed point
  const auto last = static_cast<double>(in.size()) - 3;
  if (in.size() < 8 || last < at) {
    return;
  }
  const auto size = static_cast<double>(out.size());
  const auto index_of = [&](double where) {
    return static_cast<std::size_t>(std::clamp(std::ceil((where - at) / speed), 0.0, size));
  };
  const std::size_t first = index_of(1);
  const std::size_t end = index_of(last);
  const auto step = static_cast<std::uint64_t>(speed * one);
  auto where = static_cast<std::uint64_t>((at + static_cast<double>(first) * speed) * one);
  const float factor = gain / 32768.0F;
  const auto run = [&](std::size_t from, std::size_t to, auto&& weight) {
    for (std::size_t i = from; i < to; ++i, where += step) {
      const std::int16_t* p = in.data() + (where >> 32U);
      const float t = static_cast<float>(static_cast<std::uint32_t>(where) >> 8U) * 0x1.0p-24F;
      const float p0 = p[-1], p1 = p[0], p2 = p[1], p3 = p[2];
      const float cubic =
          p1 + 0.5F * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
      out[i] += weight(i) * cubic;
    }
  };
  const auto faded = [&](std::size_t i) {
    const double position = at + static_cast<double>(i) * speed;
    return factor * static_cast<float>(std::min({position, last - position, fade_samples}) / fade_samples);
  };
  const std::size_t faded_in = std::min(end, std::max(first, index_of(fade_samples)));
  const std::size_t fades_out = std::max(faded_in, std::min(end, index_of(last - fade_samples)));
  run(first, faded_in, faded);
  run(faded_in, fades_out, [factor](std::size_t) { return factor; });
  run(fades_out, end, faded);
}

void add_white_noise(std::span<float> x, float level, Random& random) noexcept {
  const float gain = level * std::numbers::sqrt3_v<float>;  // a uniform variable's RMS is 1 / sqrt(3)
  uniform_noise(x.size(), random, [&](std::size_t i, float u) { x[i] += gain * u; });
}

void add_pink_noise(std::span<float> x, float level, Random& random) noexcept {
  // Three first-order sections, P. Kellet's economy filter; 1.55 is the RMS it makes of uniform noise.
  const float gain = level / 1.55F * std::numbers::sqrt3_v<float> / 1.732F;
  float b0 = 0, b1 = 0, b2 = 0;
  uniform_noise(x.size(), random, [&](std::size_t i, float u) {
    b0 = 0.99765F * b0 + u * 0.0990460F;
    b1 = 0.96300F * b1 + u * 0.2965164F;
    b2 = 0.57000F * b2 + u * 1.0526913F;
    x[i] += gain * (b0 + b1 + b2 + u * 0.1848F);
  });
}

void low_pass(std::span<float> x, double hz, int sections) noexcept {
  const Biquad section = pass(hz / 16000.0, false);
  for (int i = 0; i < sections; ++i) {
    section.run(x);
  }
}

void microphone(std::span<float> x, double max_db, Random& random) noexcept {
  constexpr double rate = 16000;
  if (random.chance(0.7)) {
    pass(random.uniform(20, 300) / rate, true).run(x);
  }
  if (random.chance(0.35)) {
    pass(random.uniform(3000, 7500) / rate, false).run(x);
  }
  for (int resonance = 0; resonance < 2; ++resonance) {
    const double hz = 150.0 * std::pow(7000.0 / 150.0, random.uniform());
    peaking(hz / rate, random.uniform(0.5, 2.5), random.uniform(-max_db, max_db)).run(x);
  }
}

std::vector<std::int16_t> stretch(std::span<const std::int16_t> in, double factor) {
  constexpr std::ptrdiff_t coarse = 4;     // the search runs on every fourth sample, 12 bits of it
  constexpr std::ptrdiff_t hop = 160;      // 10 ms out; triangles of 20 ms overlap
  constexpr std::ptrdiff_t search = 80;    // up to 5 ms to either side
  constexpr std::ptrdiff_t pad = 4 * hop;  // silence round the clip, so that no index needs a check
  const auto size = static_cast<std::ptrdiff_t>(in.size());
  const auto out_size = static_cast<std::ptrdiff_t>(std::lround(static_cast<double>(size) * factor));
  std::vector<std::int16_t> padded(pad, 0);
  padded.insert(padded.end(), in.begin(), in.end());
  padded.insert(padded.end(), pad, 0);
  std::vector<std::int16_t> thin(padded.size() / coarse);
  for (std::size_t i = 0; i < thin.size(); ++i) {
    const std::int16_t* p = padded.data() + coarse * i;
    thin[i] = static_cast<std::int16_t>((p[0] + p[1] + p[2] + p[3]) >> 6);
  }
  const auto likeness = [&](std::ptrdiff_t a, std::ptrdiff_t b) {
    const std::int16_t* x = thin.data() + (pad + a) / coarse;
    const std::int16_t* y = thin.data() + (pad + b) / coarse;
    std::int32_t sum = 0;
    for (std::ptrdiff_t i = 0; i < 2 * hop / coarse; ++i) {
      sum += x[i] * y[i];
    }
    return sum;
  };
  std::vector<float> out(static_cast<std::size_t>(out_size + 2 * hop), 0.0F);
  std::ptrdiff_t previous = 0;
  for (std::ptrdiff_t at = 0; at < out_size; at += hop) {
    const auto ideal = std::min(size, static_cast<std::ptrdiff_t>(static_cast<double>(at) / factor));
    std::ptrdiff_t best = ideal;
    std::int32_t best_likeness = 0;
    for (std::ptrdiff_t shift = -search; at > 0 && shift <= search; shift += coarse) {
      const std::int32_t match = likeness(std::min(previous + hop, size), ideal + shift);
      if (match > best_likeness) {
        best_likeness = match;
        best = ideal + shift;
      }
    }
    const std::int16_t* from = padded.data() + pad + best;
    float* to = out.data() + at;
    for (std::ptrdiff_t i = 0; i < hop; ++i) {
      const float weight = static_cast<float>(i) / hop;
      to[i] += weight * from[i];
      to[hop + i] += (1 - weight) * from[hop + i];
    }
    previous = best;
  }
  std::vector<std::int16_t> rounded(static_cast<std::size_t>(out_size));
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    rounded[i] = static_cast<std::int16_t>(std::clamp(out[i], -32768.0F, 32767.0F));
  }
  return rounded;
}

}  // namespace kwsd::train
