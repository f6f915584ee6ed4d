#include "engine/features/frames.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "engine/features/framer.h"

using namespace kwsd;

TEST_CASE("a sound has the same frames as a whole and as a stream") {
  FeatureParams features;
  features.frame_samples = 64;
  features.hop_samples = 24;
  for (const std::size_t samples : {0U, 63U, 64U, 87U, 88U, 1000U}) {
    CAPTURE(samples);
    std::vector<float> sound(samples);
    for (std::size_t i = 0; i < samples; ++i) sound[i] = static_cast<float>(i);
    std::vector<std::vector<float>> streamed;
    Framer framer(64, 24);
    framer.push(sound, [&](std::span<const float> frame, std::int64_t) {
      streamed.emplace_back(frame.begin(), frame.end());
    });
    REQUIRE(frames_in(features, samples) == streamed.size());
    for_each_frame(features, sound, [&](std::size_t f, std::span<const float> frame) {
      REQUIRE(std::equal(frame.begin(), frame.end(), streamed[f].begin(), streamed[f].end()));
    });
  }
}
