// Which steps of a stream learn what, from where its words are.
#include <catch2/catch.hpp>

#include "models/trainer/stream/stream_batcher.h"

using namespace kwsd::train;

namespace {

constexpr int unknown = 2, silence = 3;

/// Steps of 48 ms, the first of which ends after 40 ms.
StepTimes times_of(double seconds) {
  return step_times(kwsd::FeatureParams{}, 2, static_cast<std::size_t>(seconds * 16000));
}

Spoken said(double begin, double end, int label, bool whole = true) {
  return {static_cast<std::int32_t>(begin * 16000), static_cast<std::int32_t>(end * 16000), label, whole};
}

}  // namespace

TEST_CASE("steps end with every second frame, from the first one on") {
  const StepTimes times = times_of(3);
  REQUIRE(times.first_end == 640);
  REQUIRE(times.stride == 768);
  REQUIRE(times.steps == 62);  // 124 frames of 24 ms fit
  REQUIRE(times.end_seconds(1) == Approx(0.088));
}

TEST_CASE("a keyword is an occurrence, and no step near it is negative") {
  const StepTimes times = times_of(3);
  const StepLabels labels = label_steps({{said(1.0, 1.5, 1)}}, 7, times, unknown, silence);
  REQUIRE(labels.occurrences.size() == 1);
  REQUIRE(labels.occurrences[0].stream == 7);
  REQUIRE(labels.occurrences[0].label == 1);
  REQUIRE(labels.occurrences[0].begin == Approx(1.0));
  REQUIRE(labels.occurrences[0].end == Approx(1.5));
  for (std::size_t i = 0; i < times.steps; ++i) {
    const double now = times.end_seconds(i);
    CAPTURE(now);
    REQUIRE(labels.negative[i] == (now >= 1.1 && now <= 2.25 ? 0.0F : 1.0F));
    REQUIRE(labels.targets[i] == (now >= 1.0 && now <= 2.25 ? -1 : silence));
  }
}

TEST_CASE("a keyword that the stream's edge cuts, or that comes too late, is masked and not learnt") {
  const StepTimes times = times_of(2);
  const StepLabels labels =
      label_steps({{said(-0.2, 0.3, 0, false), said(1.4, 1.8, 1)}}, 0, times, unknown, silence);
  REQUIRE(labels.occurrences.empty());
  REQUIRE(labels.negative.front() == 0);
  REQUIRE(labels.negative.back() == 0);
}

TEST_CASE("speech is unknown, what is left of it is not told, then silence") {
  const StepTimes times = times_of(3);
  const StepLabels labels = label_steps({{said(0.5, 1.0, unknown)}}, 0, times, unknown, silence);
  REQUIRE(labels.occurrences.empty());
  for (std::size_t i = 0; i < times.steps; ++i) {
    const double now = times.end_seconds(i);
    CAPTURE(now);
    REQUIRE(labels.negative[i] == 1);
    const std::int64_t expected = now >= 0.6 && now <= 1.2   ? unknown
                                  : now >= 0.5 && now <= 1.7 ? -1
                                                             : silence;
    REQUIRE(labels.targets[i] == expected);
  }
}

TEST_CASE("speech close to a keyword does not make its steps unknown") {
  const StepTimes times = times_of(3);
  const StepLabels labels =
      label_steps({{said(0.2, 1.0, unknown), said(1.05, 1.5, 0)}}, 0, times, unknown, silence);
  for (std::size_t i = 0; i < times.steps; ++i) {
    const double now = times.end_seconds(i);
    if (now >= 1.05 && now <= 2.25) {
      REQUIRE(labels.targets[i] == -1);
    }
  }
}
