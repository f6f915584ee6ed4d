// Simulated rooms: early reflections of a shoebox (image sources, Allen and Berkley 1979), then decaying
// noise. Thread: built by one; apply() from any (scratch is per thread).
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace kwsd::train {

/// An impulse response, direct sound at sample 0 with amplitude 1.
/// rt60_seconds: time to fall by 60 dB; distance_m between speaker and microphone.
struct Room {
  double length_m = 5, width_m = 4, height_m = 2.6;
  double rt60_seconds = 0.4;
  double distance_m = 2;
};
[[nodiscard]] std::vector<float> impulse_response(const Room& room, std::size_t samples, std::uint64_t seed);

/// Rooms between a furnished 2 x 2 m and a bare 9 x 7 m, reverberation 0.1 to 0.9 s, 0.3 to 5 m away.
class RoomBank {
 public:
  RoomBank(std::size_t rooms, int window_samples, std::uint64_t seed);
  ~RoomBank();
  RoomBank(const RoomBank&) = delete;
  RoomBank& operator=(const RoomBank&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return spectra_.size(); }
  /// Convolves a window in place and keeps its RMS.
  void apply(std::size_t room, std::span<float> window) const;

  static constexpr std::size_t response_samples = 6400;  ///< 0.4 s are simulated

 private:
  struct Fft;
  [[nodiscard]] Fft& fft() const;

  std::size_t fft_size_;
  std::vector<std::vector<std::complex<float>>> spectra_;  // [rooms][fft_size / 2 + 1]
};

}  // namespace kwsd::train
