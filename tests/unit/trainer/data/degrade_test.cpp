#include "models/trainer/data/degrade.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "models/trainer/data/effects.h"

using namespace kwsd;
using namespace kwsd::train;

namespace {

/// A tone of 500 Hz: loud for 100 ms, then `quiet_db` fainter for 100 ms, over and over.
std::vector<float> loud_and_quiet(double quiet_db, std::size_t size = 16000) {
  std::vector<float> x(size);
  for (std::size_t i = 0; i < size; ++i) {
    const float tone = std::sin(2 * std::numbers::pi_v<float> * 500 * static_cast<float>(i) / 16000);
    x[i] = 0.5F * tone * ((i / 1600) % 2 == 0 ? 1.0F : from_db(-quiet_db));
  }
  return x;
}

bool is_muted(const std::vector<float>& x, std::size_t from, std::size_t to) {
  return std::all_of(x.begin() + static_cast<std::ptrdiff_t>(from),
                     x.begin() + static_cast<std::ptrdiff_t>(to), [](float v) { return v == 0; });
}

}  // namespace

TEST_CASE("a gate mutes what lies below the local peak, and nothing else") {
  const std::vector<float> before = loud_and_quiet(10);
  std::vector<float> x = before;
  gate(x, 6);
  for (std::size_t i = 0; i < 10; ++i) {
    CAPTURE(i);
    const std::size_t first = i * 1600;
    if (i % 2 == 1) {
      REQUIRE(is_muted(x, first, first + 1600));
    } else {
      REQUIRE(std::equal(x.begin() + static_cast<std::ptrdiff_t>(first),
                         x.begin() + static_cast<std::ptrdiff_t>(first) + 1600,
                         before.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
  x = before;
  gate(x, 14);
  REQUIRE(x == before);
}

TEST_CASE("a gate compares with the peak within 200 ms alone") {
  std::vector<float> x(16000, 0.01F);
  std::fill(x.begin(), x.begin() + 1600, 0.5F);
  gate(x, 6);
  REQUIRE(is_muted(x, 1600, 1600 + 20 * 160));
  REQUIRE(std::all_of(x.begin() + 1600 + 20 * 160, x.end(), [](float v) { return v == 0.01F; }));
}

TEST_CASE("an echo suppressor lets bursts of 50 to 200 ms through, unchanged") {
  std::vector<float> x(160000, 0.25F);
  Random random(3);
  let_bursts_through(x, random);
  std::vector<std::size_t> bursts;
  std::size_t run = 0;
  for (const float v : x) {
    REQUIRE((v == 0 || v == 0.25F));
    if (v != 0) {
      ++run;
    } else if (run > 0) {
      bursts.push_back(run);
      run = 0;
    }
  }
  REQUIRE(bursts.size() > 10);
  REQUIRE(*std::min_element(bursts.begin(), bursts.end()) >= 800);
  REQUIRE(*std::max_element(bursts.begin(), bursts.end()) <= 3200);
}

TEST_CASE("a telephone line keeps 1 kHz and loses 6 kHz") {
  const auto level_after = [](double hz) {
    std::vector<float> x(16000);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / 16000));
    }
    telephone(x);
    return rms(std::span(x).subspan(1600));
  };
  REQUIRE(level_after(1000) == Approx(std::sqrt(0.5)).epsilon(0.03));
  REQUIRE(level_after(6000) < 0.01F);
}

TEST_CASE("overdriven sound is clipped at full scale") {
  std::vector<float> x = loud_and_quiet(20);
  overdrive(x, 12);
  REQUIRE(*std::max_element(x.begin(), x.end()) == 1.0F);
  REQUIRE(*std::min_element(x.begin(), x.end()) == -1.0F);
  REQUIRE(std::count(x.begin(), x.end(), 1.0F) > 1000);
  std::vector<float> silence(100, 0.0F);
  overdrive(silence, 12);
  REQUIRE(is_muted(silence, 0, 100));
}

TEST_CASE("pauses of 100 ms become digital silence, shorter ones stay") {
  std::vector<float> x = loud_and_quiet(60);
  silence_pauses(x);
  REQUIRE(is_muted(x, 1600, 3200));
  REQUIRE(!is_muted(x, 0, 1600));
  std::vector<float> y(3200, 0.5F);
  std::fill(y.begin() + 800, y.begin() + 800 + 5 * 160, 1e-4F);
  silence_pauses(y);
  REQUIRE(!is_muted(y, 800, 801));
}
