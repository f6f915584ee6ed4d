#include "app/enroll/enroll.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "app/eval/clip_score.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"

namespace kwsd {
namespace {

std::shared_ptr<const Model> base() {
  return std::make_shared<const Model>(load_model(KWSD_SOURCE "/models/base.kwsm"));
}

/// Every fortieth of the shipped runs: enough for a test, quick to embed.
Negatives few_negatives() {
  const Negatives all = load_negatives(KWSD_SOURCE "/models/negatives.kwsn");
  Negatives some;
  some.features = all.features;
  some.collections = all.collections;
  for (std::size_t i = 0; i < all.runs.size(); i += 40) {
    NegativeRun run = all.runs[i];
    const auto frames = all.frames_of(run);
    run.first_frame = some.frames.size() / some.features.coefficients;
    some.frames.insert(some.frames.end(), frames.begin(), frames.end());
    some.runs.push_back(run);
  }
  for (NegativeCollection& collection : some.collections) {
    collection.hours /= 40;
  }
  return some;
}

/// A "word" of three gliding tones with overtones; `way` chooses which, `shift` changes the pitch.
std::vector<float> tones(const std::array<double, 4>& way, double shift) {
  std::vector<float> samples(16000, 0.0F);
  double phase = 0;
  for (std::size_t i = 4000; i < 12000; ++i) {
    const double place = static_cast<double>(i - 4000) / 8000 * 3;
    const auto part = static_cast<std::size_t>(place);
    const double hz = shift * (way[part] + (place - static_cast<double>(part)) * (way[part + 1] - way[part]));
    phase += 2 * 3.14159265358979 * hz / 16000;
    samples[i] =
        static_cast<float>(0.1 * (std::sin(phase) + 0.5 * std::sin(2 * phase) + 0.3 * std::sin(3 * phase)));
  }
  return samples;
}

constexpr std::array<double, 4> rising{300, 500, 1400, 2200}, falling{2400, 900, 700, 350};

std::vector<EnrollClip> rising_clips() {
  std::vector<EnrollClip> clips;
  for (const double shift : {0.94, 0.97, 1.0, 1.03}) {
    clips.push_back({"rising", tones(rising, shift)});
  }
  return clips;
}

EnrollOptions options_for(const std::string& word) {
  EnrollOptions options;
  options.word = options.name = word;
  return options;
}

TEST_CASE("an enrolled model is a model file like any other, and finds what it was made from") {
  const Negatives negatives = few_negatives();
  const Enroller enroller(base(), select_kernels("auto"), negatives, 2);
  const Enrolled enrolled = enroller.enroll(rising_clips(), options_for("whistle"));
  REQUIRE(enrolled.found_left_out.size() == 4);
  CHECK(std::count(enrolled.found_left_out.begin(), enrolled.found_left_out.end(), true) >= 3);
  CHECK(enrolled.negative_hours > 0);
  CHECK(enrolled.false_accepts_per_hour[0] <= 1 / enrolled.negative_hours);
  const auto bytes = serialize_model(enrolled.model);
  const auto model = std::make_shared<const Model>(parse_model(bytes, "enrolled"));
  CHECK(model->labels[0].name == "whistle");
  const auto spotter = std::make_shared<const Spotter>(std::vector<std::shared_ptr<const Model>>{model},
                                                       select_kernels("auto"));
  CHECK(score_clip(spotter, tones(rising, 1.015), "whistle").detections == 1);
  CHECK(score_clip(spotter, tones(falling, 1), "whistle").detections == 0);

  const Enroller alone(base(), select_kernels("reference"), negatives, 1);
  CHECK(serialize_model(alone.enroll(rising_clips(), options_for("whistle")).model) == bytes);
}

TEST_CASE("a false accept that is given as a mistake scores lower afterwards") {
  Negatives negatives = few_negatives();
  const std::vector<float> similar = tones({300, 500, 1400, 1400}, 1);
  const auto score = [&] {
    const Enroller enroller(base(), select_kernels("auto"), negatives, 2);
    EnrollOptions options = options_for("whistle");
    options.leave_out = false;
    const auto model = std::make_shared<const Model>(enroller.enroll(rising_clips(), options).model);
    const auto spotter = std::make_shared<const Spotter>(std::vector<std::shared_ptr<const Model>>{model},
                                                         select_kernels("auto"));
    return score_clip(spotter, similar, "whistle").highest;
  };
  const float before = score();
  add_negative(negatives, similar);
  CHECK(score() < before);
}

TEST_CASE("enrolling says what it cannot be done with") {
  const Negatives negatives = few_negatives();
  const Enroller enroller(base(), select_kernels("auto"), negatives, 2);
  CHECK_THROWS_AS(enroller.enroll({}, options_for("whistle")), Error);
  Negatives other = negatives;
  other.features.mean[0] += 1;
  CHECK_THROWS_AS(Enroller(base(), select_kernels("auto"), other, 1), Error);
}

}  // namespace
}  // namespace kwsd
