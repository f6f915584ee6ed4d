// The level of the last second. Thread: one; allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kwsd {

class LevelMeter {
 public:
  static constexpr float floor_db = -120;

  /// Samples of 16 kHz, full scale = 1.
  void push(std::span<const float> samples) noexcept;
  void reset() noexcept { *this = {}; }

  /// RMS of the last second, dB relative to full scale, [floor_db, 0]; of all samples so far if they are less
  /// than a second.
  [[nodiscard]] float rms_db() const noexcept;
  /// Highest sample of the last second, likewise.
  [[nodiscard]] float peak_db() const noexcept;

 private:
  static constexpr std::size_t bin_samples = 1600;
  struct Bin {
    double energy = 0;
    float peak = 0;
    std::size_t samples = 0;
  };
  std::array<Bin, 10> bins_{};  // ring
  std::size_t newest_ = 0;
};

/// Reports when only one value arrives (zeros: a dead channel, a switch, a wrong slot), and when this ends.
class SilenceWatch {
 public:
  enum class Change : std::uint8_t { none, silent, sounds };

  /// `always`: report whenever this lasts for `limit_seconds`; otherwise only from the beginning on, before
  /// any other value has arrived.
  SilenceWatch(double limit_seconds, bool always) noexcept : limit_seconds_(limit_seconds), always_(always) {}

  /// Samples at `rate_hz`, as captured.
  [[nodiscard]] Change push(std::span<const float> samples, double rate_hz) noexcept;
  /// A gap: the samples that follow are judged separately.
  void restart() noexcept { seconds_ = 0; }

 private:
  double limit_seconds_;
  bool always_;
  bool silent_ = false, sounded_ = false;
  double seconds_ = 0;  // for which only value_ has arrived
  float value_ = 0;
};

}  // namespace kwsd
