#include "models/trainer/data/effects.h"

#include <catch2/catch.hpp>

#include "models/trainer/data/endpoints.h"
#include "models/trainer/data/room.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using kwsd::train::test::tone;

namespace {

/// Zero crossings per second / 2.
template <class Samples>
double pitch_hz(const Samples& x, std::size_t from, std::size_t to) {
  int crossings = 0;
  for (std::size_t i = from + 1; i < to; ++i) {
    crossings += (x[i - 1] < 0) != (x[i] < 0) ? 1 : 0;
  }
  return 0.5 * crossings * sample_rate_hz / static_cast<double>(to - from);
}

}  // namespace

TEST_CASE("resampling at speed 1 copies, faded at the ends of the clip") {
  const std::vector<std::int16_t> in = tone(0.5, 440, 0, 0.5);
  std::vector<float> out(8000, 0.0F);
  add_resampled(in, 0, 1.0, 1.0F, out);
  for (std::size_t i = 100; i < 7900; ++i) {
    REQUIRE(out[i] == in[i] / 32768.0F);
  }
  REQUIRE(out[0] == 0.0F);
  REQUIRE(std::abs(out[40]) <= std::abs(in[40] / 32768.0F));
}

TEST_CASE("resampling never reads outside the clip") {
  Random random(7);
  for (int round = 0; round < 500; ++round) {
    const std::vector<std::int16_t> in(random.below(400), 1000);
    std::vector<float> out(random.below(500), 0.0F);
    add_resampled(in, random.uniform(-300, 600), random.uniform(0.5, 2), 1.0F, out);
    for (const float v : out) {
      REQUIRE(std::abs(v) <= 1000.0F / 32768.0F * 1.01F);  // cubic interpolation of a constant, rounding
    }
  }
}

TEST_CASE("resampling shifts the pitch by the speed") {
  const std::vector<std::int16_t> in = tone(2, 500, 0, 2);
  std::vector<float> out(16000, 0.0F);
  add_resampled(in, 100, 1.2, 1.0F, out);
  REQUIRE(pitch_hz(out, 200, 15800) == Approx(600).epsilon(0.005));
}

TEST_CASE("time stretch changes the length and keeps the pitch") {
  const std::vector<std::int16_t> in = tone(1, 500, 0, 1);
  for (const double factor : {0.8, 1.0, 1.25}) {
    const std::vector<std::int16_t> out = stretch(in, factor);
    CAPTURE(factor);
    REQUIRE(out.size() == static_cast<std::size_t>(std::lround(16000 * factor)));
    REQUIRE(pitch_hz(out, 400, out.size() - 400) == Approx(500).epsilon(0.02));
  }
}

TEST_CASE("noise has the level asked for") {
  Random random(3);
  std::vector<float> white(160000, 0.0F);
  std::vector<float> pink(160000, 0.0F);
  add_white_noise(white, 0.1F, random);
  add_pink_noise(pink, 0.1F, random);
  REQUIRE(rms(white) == Approx(0.1).epsilon(0.01));
  REQUIRE(rms(pink) == Approx(0.1).epsilon(0.10));  // its slow part varies
}

TEST_CASE("a room keeps the level and adds a decaying tail") {
  const RoomBank rooms(8, 16000, 5);
  std::vector<float> window(16000, 0.0F);
  add_resampled(tone(0.3, 500, 0, 0.3), 2, 1.0, 1.0F, window);
  const float before = rms(window);
  const float tail_before = rms(std::span(window).subspan(5000, 2000));
  for (std::size_t r = 0; r < rooms.size(); ++r) {
    std::vector<float> wet = window;
    rooms.apply(r, wet);
    REQUIRE(rms(wet) == Approx(before).epsilon(1e-4));
    REQUIRE(rms(std::span(wet).subspan(5000, 2000)) > tail_before);
  }
}

TEST_CASE("an impulse response starts with the direct sound and falls by 60 dB in its time") {
  Room room;
  room.rt60_seconds = 0.3;
  const std::vector<float> h = impulse_response(room, 6400, 9);
  REQUIRE(h[0] >= 0.9F);
  const auto level_db = [&](std::size_t from) {
    return 20 * std::log10(rms(std::span(h).subspan(from, 800)));
  };
  // Between 0.1 s and 0.3 s, two thirds of the time: 40 dB, measured on noise.
  REQUIRE(level_db(1600) - level_db(4800) == Approx(40).margin(3));
}

TEST_CASE("the microphone stays finite and keeps silence") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    std::vector<float> x(4000, 0.0F);
    microphone(x, 9, random);
    REQUIRE(rms(x) == 0.0F);
    add_white_noise(x, 0.1F, random);
    microphone(x, 9, random);
    CAPTURE(seed);
    REQUIRE(rms(x) > 0.001F);
    REQUIRE(rms(x) < 1.0F);
  }
}

TEST_CASE("the word is found in its clip") {
  const Extent found = find_word(tone(1, 700, 0.35, 0.6));
  REQUIRE(found.begin / 16000.0 == Approx(0.32).margin(0.02));
  REQUIRE(found.end / 16000.0 == Approx(0.63).margin(0.02));
  const std::vector<std::int16_t> steady = tone(1, 700, 0, 1);
  REQUIRE(find_word(steady).size() == 16000);
  REQUIRE(find_word(std::vector<std::int16_t>(16000, 0)).size() == 16000);
  REQUIRE(find_word(std::vector<std::int16_t>(100, 5)).size() == 100);
  REQUIRE(find_word({}).size() == 0);
}
