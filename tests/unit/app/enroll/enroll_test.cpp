#include "app/enroll/enroll.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "app/eval/clip_score.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "tests/unit/app/enroll/tones.h"

namespace kwsd {
namespace {

EnrollOptions options_for(const std::string& word) {
  EnrollOptions options;
  options.word = options.name = word;
  return options;
}

TEST_CASE("an enrolled model is a model file like any other, and finds what it was made from") {
  const Negatives negatives = few_negatives();
  const Enroller enroller(shipped_base(), select_kernels("auto"), negatives, 2);
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
}

TEST_CASE("an enrolled model is the same whatever kernels and however many threads make it") {
  const Negatives negatives = few_negatives(400);
  EnrollOptions options = options_for("whistle");
  options.leave_out = false;
  const auto made_with = [&](const char* kernels, unsigned threads) {
    const Enroller enroller(shipped_base(), select_kernels(kernels), negatives, threads);
    return serialize_model(enroller.enroll({rising_clips()[1]}, options).model);
  };
  CHECK(made_with("auto", 2) == made_with("reference", 1));
}

TEST_CASE("a false accept that is given as a mistake scores lower afterwards") {
  Negatives negatives = few_negatives(100);
  const std::vector<float> similar = tones({300, 500, 1400, 1400}, 1);
  const auto score = [&] {
    const Enroller enroller(shipped_base(), select_kernels("auto"), negatives, 2);
    EnrollOptions options = options_for("whistle");
    options.leave_out = false;
    const auto model = std::make_shared<const Model>(enroller.enroll({rising_clips()[1]}, options).model);
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
  const Enroller enroller(shipped_base(), select_kernels("auto"), negatives, 2);
  CHECK_THROWS_AS(enroller.enroll({}, options_for("whistle")), Error);
  Negatives other = negatives;
  other.features.mean[0] += 1;
  CHECK_THROWS_AS(Enroller(shipped_base(), select_kernels("auto"), other, 1), Error);
}

}  // namespace
}  // namespace kwsd
