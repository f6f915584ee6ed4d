#include "app/audio/level_meter.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace kwsd;
using Change = SilenceWatch::Change;

TEST_CASE("the level is that of the last second") {
  LevelMeter meter;
  REQUIRE(meter.rms_db() == LevelMeter::floor_db);
  meter.push(std::vector<float>(16000, 1.0F));
  REQUIRE(meter.rms_db() == Approx(0).margin(0.01));
  meter.push(std::vector<float>(17000, -0.1F));
  REQUIRE(meter.rms_db() == Approx(-20).margin(0.01));
  REQUIRE(meter.peak_db() == Approx(-20).margin(0.01));
  meter.push(std::vector<float>(16000));
  meter.push(std::vector<float>(1600));
  REQUIRE(meter.rms_db() == LevelMeter::floor_db);
}

TEST_CASE("only one value for four seconds is silence, anything else is sound") {
  const std::vector<float> zeros(4800), noise{0.0F, 1e-5F}, same(4800, 0.25F);
  SilenceWatch watch(4, true);
  for (int times = 0; times < 2; ++times) {  // and again
    REQUIRE(watch.push(noise, 48000) == Change::none);
    for (int i = 1; i < 40; ++i) {
      REQUIRE(watch.push(zeros, 48000) == Change::none);
    }
    REQUIRE(watch.push(zeros, 48000) == Change::silent);
    REQUIRE(watch.push(zeros, 48000) == Change::none);
    REQUIRE(watch.push(noise, 48000) == Change::sounds);
  }
  for (int i = 0; i < 39; ++i) {
    REQUIRE(watch.push(same, 48000) == Change::none);
  }
  REQUIRE(watch.push(zeros, 48000) == Change::none);  // another value
  for (int i = 1; i < 39; ++i) {
    REQUIRE(watch.push(zeros, 48000) == Change::none);
  }
  REQUIRE(watch.push({}, 48000) == Change::none);
  REQUIRE(watch.push(zeros, 48000) == Change::silent);
}

TEST_CASE("a recording may pause, but not begin with seconds of zeros") {
  const std::vector<float> zeros(16000), noise{0.0F, 1e-5F};
  SilenceWatch watch(4, false);
  REQUIRE(watch.push(noise, 16000) == Change::none);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(watch.push(zeros, 16000) == Change::none);
  }
  SilenceWatch dead(4, false);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(dead.push(zeros, 16000) == Change::none);
  }
  REQUIRE(dead.push(zeros, 16000) == Change::silent);
  REQUIRE(dead.push(noise, 16000) == Change::sounds);
}
