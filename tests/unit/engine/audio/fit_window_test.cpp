// The rule that puts a recorded word into one window.
#include "engine/audio/fit_window.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

using namespace kwsd;

namespace {

std::vector<float> fitted(const std::vector<float>& clip, std::size_t size) {
  std::vector<float> window(size, 9.0F);
  fit_window(std::span<const float>(clip), std::span<float>(window));
  return window;
}

}  // namespace

TEST_CASE("a short clip is centred between zeros") {
  REQUIRE(fitted({1, 2, 3}, 7) == std::vector<float>{0, 0, 1, 2, 3, 0, 0});
  REQUIRE(fitted({1, 2, 3}, 6) == std::vector<float>{0, 1, 2, 3, 0, 0});
  REQUIRE(fitted({1, 2, 3}, 3) == std::vector<float>{1, 2, 3});
  REQUIRE(fitted({}, 3) == std::vector<float>{0, 0, 0});
}

TEST_CASE("of a long clip the loudest stretch is taken, the earliest of equals") {
  REQUIRE(fitted({0, 0, 1, -2, 1, 0}, 3) == std::vector<float>{1, -2, 1});
  REQUIRE(fitted({-3, 0, 1, 0, 0}, 2) == std::vector<float>{-3, 0});
  REQUIRE(fitted({0, 0, 1, 0, 3}, 2) == std::vector<float>{0, 3});
  REQUIRE(fitted({0, 0, 0, 0, 0}, 2) == std::vector<float>{0, 0});
  const std::vector<float> zeros(10, 0.0F);
  REQUIRE(fit_window_start(std::span<const float>(zeros), 4) == 0);
}

TEST_CASE("samples that are not finite do not draw the window to them") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> clip{nan, infinity, 0, 0, 1, 1};
  REQUIRE(fit_window_start(std::span<const float>(clip), 2) == 4);
}

TEST_CASE("16-bit samples and the same as floats give the same window") {
  const unsigned seed = 20261123;
  CAPTURE(seed);
  std::mt19937 generator(seed);
  for (const std::size_t size : {1U, 15U, 16U, 17U, 40U, 1000U}) {
    std::vector<std::int16_t> clip(size);
    std::uniform_int_distribution<int> any(-32768, 32767);
    std::generate(clip.begin(), clip.end(), [&] { return static_cast<std::int16_t>(any(generator)); });
    std::vector<float> as_float(size), from_int(16), from_float(16);
    std::transform(clip.begin(), clip.end(), as_float.begin(),
                   [](std::int16_t v) { return static_cast<float>(v) / 32768.0F; });
    fit_window(std::span<const std::int16_t>(clip), std::span<float>(from_int));
    fit_window(std::span<const float>(as_float), std::span<float>(from_float));
    REQUIRE(from_int == from_float);
  }
}
