// Level and noise floor of made signals.
#include "engine/spotter/sound_levels.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

using kwsd::SoundLevels;

namespace {

std::vector<float> tone(std::size_t samples, double amplitude) {
  std::vector<float> out(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    out[i] = static_cast<float>(amplitude *
                                std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(i) / 16000));
  }
  return out;
}

}  // namespace

TEST_CASE("levels: a square wave of full scale is 0 dB, a sine 3 dB less, half of it 9") {
  SoundLevels square, sine, half;
  square.push(std::vector<float>(16000, -1.0F));
  sine.push(tone(16000, 1));
  half.push(tone(16000, 0.5));
  CHECK(square.level_db(0, 16000) == Approx(0).margin(0.001));
  CHECK(sine.level_db(1600, 3200) == Approx(-3.01).margin(0.01));
  CHECK(half.level_db(0, 16000) == Approx(-9.03).margin(0.01));
}

TEST_CASE("levels: of an extent alone, whatever stands around it") {
  SoundLevels levels;
  levels.push(tone(16000, 0.01));
  levels.push(tone(8000, 1));
  levels.push(tone(16000, 0.01));
  CHECK(levels.level_db(16000, 24000) == Approx(-3.01).margin(0.01));
  CHECK(levels.level_db(0, 16000) == Approx(-43.01).margin(0.01));
  CHECK(levels.floor_db() == Approx(-43.01).margin(0.01));
}

TEST_CASE("levels: the floor is that of the pauses of the last 5 s") {
  SoundLevels levels;
  levels.push(tone(80000, 0.001));
  CHECK(levels.floor_db() == Approx(-63.01).margin(0.01));
  levels.push(tone(90000, 0.1));  // the quiet is forgotten
  CHECK(levels.floor_db() == Approx(-23.01).margin(0.01));
}

TEST_CASE("levels: silence, samples that are no numbers, and a restart") {
  SoundLevels levels;
  CHECK(levels.floor_db() == SoundLevels::lowest_db);
  CHECK(levels.level_db(0, 8000) == SoundLevels::lowest_db);
  levels.push(std::vector<float>(1600, std::numeric_limits<float>::quiet_NaN()));
  levels.push(std::vector<float>(1600, std::numeric_limits<float>::infinity()));
  CHECK(levels.level_db(0, 3200) == SoundLevels::lowest_db);
  levels.push(std::vector<float>(1600, 1e30F));
  CHECK(levels.level_db(3200, 4800) == Approx(0).margin(0.001));
  levels.restart(1'000'000);
  CHECK(levels.level_db(3200, 4800) == SoundLevels::lowest_db);
  levels.push(tone(16000, 1));
  CHECK(levels.level_db(1'000'000, 1'016'000) == Approx(-3.01).margin(0.01));
  CHECK(levels.level_db(0, std::numeric_limits<std::int64_t>::max() / 2) == Approx(-3.01).margin(0.01));
}
