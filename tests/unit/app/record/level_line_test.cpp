#include "app/record/level_line.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace kwsd;

namespace {

/// A sine with a peak of -21.4 dB of full scale.
std::vector<float> tone(std::size_t samples) {
  std::vector<float> out(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    out[i] = 0.085F * std::sin(static_cast<float>(i % 160) * 6.2831853F / 16);
  }
  return out;
}

}  // namespace

TEST_CASE("the level line shows the mean as a bar and the peak as a mark") {
  CHECK(level_line(-120, -120) == "level |                              -120 dB");
  CHECK(level_line(-61, -31) == "level               |                 -61 dB");
  CHECK(level_line(-59, -31) == "level #             |                 -59 dB");
  CHECK(level_line(-41, -19) == "level ##########          |           -41 dB");
  CHECK(level_line(0, 0) == "level #############################|    0 dB");
}

TEST_CASE("a level line comes for each fifth of a second of sound, however it is cut") {
  for (const std::size_t block : {1U, 160U, 320U, 1600U}) {
    CAPTURE(block);
    LevelLine line;
    std::size_t lines = 0;
    const std::vector<float> sound = tone(16000);
    for (std::size_t at = 0; at < sound.size(); at += block) {
      const std::string text = line.push(std::span(sound).subspan(at, block));
      if (!text.empty()) {
        CHECK(text == "level ################## |            -24 dB");
        ++lines;
      }
    }
    CHECK(lines == 5);
  }
}
