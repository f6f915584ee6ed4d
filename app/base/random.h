// Random numbers that are the same on every machine and for any number of threads: one generator per clip,
// seeded from the clip's identity (seed, epoch, position). Thread: one generator per thread.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace kwsd {

/// SplitMix64's finalizer: 64 bits in, 64 well-mixed bits out.
constexpr std::uint64_t mix64(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

/// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(mix64(seed + 0x9E3779B97F4A7C15U)) {}
  /// One generator per tuple of keys.
  Random(std::initializer_list<std::uint64_t> keys) noexcept : state_(0) {
    for (const std::uint64_t key : keys) {
      state_ = mix64(state_ + key + 0x9E3779B97F4A7C15U);
    }
  }

  std::uint64_t next() noexcept { return mix64(state_ += 0x9E3779B97F4A7C15U); }
  /// Uniform in [0, 1).
  double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  float uniform_f(double low, double high) noexcept { return static_cast<float>(uniform(low, high)); }
  bool chance(double probability) noexcept { return uniform() < probability; }
  /// Uniform in [0, n); n > 0.
  std::size_t below(std::size_t n) noexcept {
    return static_cast<std::size_t>(uniform() * static_cast<double>(n)) % n;
  }
  /// Standard normal (Box-Muller, one of the pair).
  double normal() noexcept {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

/// FNV-1a: a hash that stays the same between runs and machines.
template <class Text>
constexpr std::uint64_t stable_hash(const Text& text) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  return mix64(hash);
}

}  // namespace kwsd
