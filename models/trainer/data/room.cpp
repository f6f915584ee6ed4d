#include "models/trainer/data/room.h"

#include <kissfft/kiss_fftr.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "app/base/random.h"
#include "models/trainer/data/effects.h"

namespace kwsd::train {
namespace {

constexpr double sound_m_per_s = 343;
constexpr double rate = 16000;
constexpr int image_order = 3;
constexpr double tail_from_seconds = 0.02;

using Point = std::array<double, 3>;

Point point_inside(const Point& size, Random& random) {
  Point p;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    p[axis] = size[axis] * random.uniform(0.15, 0.85);
  }
  return p;
}

/// Microphone `distance` away from the source, as near to that as the walls allow.
Point point_at(const Point& source, const Point& size, double distance, Random& random) {
  const double angle = random.uniform(0, 6.283185307179586);
  const Point direction{std::cos(angle), std::sin(angle), random.uniform(-0.3, 0.3)};
  Point p;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    p[axis] = std::clamp(source[axis] + distance * direction[axis], 0.05 * size[axis], 0.95 * size[axis]);
  }
  return p;
}

double distance(const Point& a, const Point& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

}  // namespace

std::vector<float> impulse_response(const Room& room, std::size_t samples, std::uint64_t seed) {
  Random random(seed);
  const Point size{room.length_m, room.width_m, room.height_m};
  const Point source = point_inside(size, random);
  const Point microphone = point_at(source, size, room.distance_m, random);
  const double direct_m = std::max(0.1, distance(source, microphone));
  // Sabine's formula gives the reflection coefficient that all walls share.
  const double volume = size[0] * size[1] * size[2];
  const double surface = 2 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2]);
  const double absorption = std::clamp(0.161 * volume / (surface * room.rt60_seconds), 0.02, 0.95);
  const double reflection = std::sqrt(1 - absorption);

  std::vector<float> response(samples, 0.0F);
  for (int ix = -image_order; ix <= image_order; ++ix) {
    for (int iy = -image_order; iy <= image_order; ++iy) {
      for (int iz = -image_order; iz <= image_order; ++iz) {
        const std::array<int, 3> index{ix, iy, iz};
        const int bounces = std::abs(ix) + std::abs(iy) + std::abs(iz);
        Point image;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const int k = index[axis];
          image[axis] = k * size[axis] + (k % 2 == 0 ? source[axis] : size[axis] - source[axis]);
        }
        const double away = std::max(0.1, distance(image, microphone));
        const double delay = (away - direct_m) / sound_m_per_s * rate;
        if (bounces <= image_order && delay >= 0 && delay + 1 < static_cast<double>(samples)) {
          const auto at = static_cast<std::size_t>(delay);
          const double part = delay - static_cast<double>(at);
          const double amplitude = std::pow(reflection, bounces) * direct_m / away;
          response[at] += static_cast<float>(amplitude * (1 - part));
          response[at + 1] += static_cast<float>(amplitude * part);
        }
      }
    }
  }
  // Diffuse tail: its energy to the direct sound's is (distance / critical distance)^2.
  const double critical_m = 0.057 * std::sqrt(volume / room.rt60_seconds);
  const double decay = std::log(1000.0) / (room.rt60_seconds * rate);  // 60 dB = a factor of 1000
  const double tail_energy = (direct_m / critical_m) * (direct_m / critical_m);
  const double level = std::sqrt(tail_energy * 2 * decay);
  const auto from = static_cast<std::size_t>(tail_from_seconds * rate);
  for (std::size_t i = 16; i < samples; ++i) {
    const double onset = std::min(1.0, static_cast<double>(i) / static_cast<double>(from));
    response[i] +=
        static_cast<float>(onset * level * std::exp(-decay * static_cast<double>(i)) * random.normal());
  }
  return response;
}

/// Scratch of one thread: plans hold state, so they are not shared.
struct RoomBank::Fft {
  explicit Fft(std::size_t size)
      : forward(kiss_fftr_alloc(static_cast<int>(size), 0, nullptr, nullptr)),
        backward(kiss_fftr_alloc(static_cast<int>(size), 1, nullptr, nullptr)),
        time(size),
        spectrum(size / 2 + 1) {}
  ~Fft() {
    kiss_fftr_free(forward);
    kiss_fftr_free(backward);
  }
  Fft(const Fft&) = delete;
  Fft& operator=(const Fft&) = delete;

  void transform(std::span<const float> in) {
    std::fill(std::copy(in.begin(), in.end(), time.begin()), time.end(), 0.0F);
    kiss_fftr(forward, time.data(), spectrum.data());
  }

  kiss_fftr_cfg forward, backward;
  std::vector<float> time;
  std::vector<kiss_fft_cpx> spectrum;
};

RoomBank::RoomBank(std::size_t rooms, int window_samples, std::uint64_t seed)
    : fft_size_(static_cast<std::size_t>(
          kiss_fftr_next_fast_size_real(window_samples + static_cast<int>(response_samples)))) {
  for (std::size_t r = 0; r < rooms; ++r) {
    Random random{seed, r};
    Room room;
    room.length_m = random.uniform(2, 9);
    room.width_m = random.uniform(2, 7);
    room.height_m = random.uniform(2.2, 3.5);
    room.rt60_seconds = std::exp(random.uniform(std::log(0.1), std::log(0.9)));
    room.distance_m = std::exp(random.uniform(std::log(0.3), std::log(5.0)));
    fft().transform(impulse_response(room, response_samples, random.next()));
    std::vector<std::complex<float>>& spectrum = spectra_.emplace_back();
    for (const kiss_fft_cpx& bin : fft().spectrum) {
      spectrum.emplace_back(bin.r, bin.i);
    }
  }
}

RoomBank::~RoomBank() = default;

RoomBank::Fft& RoomBank::fft() const {
  thread_local std::unique_ptr<Fft> scratch;
  if (!scratch || scratch->time.size() != fft_size_) {
    scratch = std::make_unique<Fft>(fft_size_);
  }
  return *scratch;
}

void RoomBank::apply(std::size_t room, std::span<float> window) const {
  const float before = rms(window);
  Fft& work = fft();
  work.transform(window);
  for (std::size_t k = 0; k < work.spectrum.size(); ++k) {
    const std::complex<float> h = spectra_[room][k];
    const kiss_fft_cpx x = work.spectrum[k];
    work.spectrum[k] = {x.r * h.real() - x.i * h.imag(), x.r * h.imag() + x.i * h.real()};
  }
  kiss_fftri(work.backward, work.spectrum.data(), work.time.data());
  std::copy_n(work.time.begin(), window.size(), window.begin());
  const float after = rms(window);
  if (after > 0) {
    scale(window, before / after);
  }
}

}  // namespace kwsd::train
