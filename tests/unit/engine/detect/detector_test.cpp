// The detector on posterior traces written out here: one event per spoken word, whatever the hop, the
// branch and the flicker.
#include "engine/detect/detector.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "engine/model/error.h"

namespace {

using kwsd::BranchId;
using kwsd::Detection;
using kwsd::Detector;
using kwsd::DetectorParams;
using kwsd::LabelKind;

constexpr int silence = 0, unknown = 1, yes = 2, no = 3, labels = 4;
constexpr double rate = 16000;

/// A one-second window and two keywords, with other thresholds in each branch.
kwsd::Model two_words() {
  kwsd::Model model;
  model.labels = {{"silence", LabelKind::silence},
                  {"unknown", LabelKind::unknown},
                  {"yes", LabelKind::keyword},
                  {"no", LabelKind::keyword}};
  model.steps = 40;  // 40 frames of 384 samples
  model.branches[0].thresholds = {1, 1, 0.6F, 0.6F};
  model.branches[1].thresholds = {1, 1, 0.8F, 0.5F};
  model.branches[2].thresholds = {1, 1, 0.3F, 0.7F};
  return model;
}

/// Posterior of one label over time, seconds; what is left goes to `rest`.
struct Spoken {
  int label;
  double end;          ///< of the word; its posterior rises over the 0.1 s before
  double held = 0.45;  ///< how long it stays in the window
  double peak = 0.97;
};

double trapezoid(const Spoken& word, double t) {
  const double ramp = 0.1;
  const double up = (t - (word.end - ramp)) / ramp;
  const double down = (word.end + word.held + ramp - t) / ramp;
  return word.peak * std::clamp(std::min(up, down), 0.0, 1.0);
}

std::vector<float> posteriors_at(const std::vector<Spoken>& words, double t, int rest = silence) {
  std::vector<float> p(labels);
  float sum = 0;
  for (const Spoken& word : words) {
    const auto value = static_cast<float>(trapezoid(word, t));
    p[static_cast<std::size_t>(word.label)] += value;
    sum += value;
  }
  if (sum > 1) {
    for (float& v : p) v /= sum;
    sum = 1;
  }
  p[static_cast<std::size_t>(rest)] += 1 - sum;
  return p;
}

struct Event {
  Detection detection;
  double at;  ///< end of the window that reported it, seconds
};

std::vector<Event> run(
    Detector& detector, double seconds, double hop, const std::function<std::vector<float>(double)>& trace,
    const std::function<BranchId(int)>& branch = [](int) { return BranchId::full; }) {
  std::vector<Event> events;
  int window = 0;
  for (double t = 1.0; t < seconds; t = 1.0 + ++window * hop) {
    for (const Detection& d : detector.push(trace(t), std::llround(t * rate), branch(window))) {
      events.push_back({d, t});
    }
  }
  return events;
}

}  // namespace

TEST_CASE("one event per spoken word, in time, at every hop") {
  const double hop = GENERATE(0.024, 0.048, 0.072, 0.096, 0.128);
  const unsigned seed = GENERATE(range(0U, 20U));
  CAPTURE(hop, seed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<Spoken> words;
  for (double end = 1.5; end < 60; end += 1.1 + uniform(random)) {
    words.push_back(
        {uniform(random) < 0.5 ? yes : no, end, 0.35 + 0.3 * uniform(random), 0.9 + 0.1 * uniform(random)});
  }
  Detector detector(two_words(), {});
  const auto events = run(detector, 62, hop, [&](double t) { return posteriors_at(words, t); });
  REQUIRE(events.size() == words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Detection& d = events[i].detection;
    CHECK(d.label == words[i].label);
    CHECK(events[i].at - words[i].end < 0.3);  // latency
    CHECK(std::abs(static_cast<double>(d.end_sample) / rate - words[i].end) < 0.15);
    CHECK(d.start_sample == d.end_sample - 8000);
    CHECK(d.score >= d.threshold);
    CHECK(d.threshold == 0.6F);
  }
}

TEST_CASE("a flickering posterior is one word") {
  const unsigned seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  Detector detector(two_words(), {});
  const auto events = run(detector, 6, 0.048, [&](double t) {
    auto p = posteriors_at({{yes, 2.0, 0.6}}, t);
    if (t > 2.25 && uniform(random) < 0.4) std::swap(p[yes], p[unknown]);  // once it was reported
    return p;
  });
  CHECK(events.size() == 1);
}

TEST_CASE("a misfire of one word does not hold back another") {
  Detector detector(two_words(), {});
  // "no" is taken for "yes" at first and recognised 0.2 s later.
  const auto events = run(detector, 5, 0.048, [&](double t) {
    return posteriors_at({{yes, 1.9, 0.15}, {no, 2.2, 0.4}}, t);
  });
  REQUIRE(events.size() == 2);
  CHECK(events[0].detection.label == yes);
  CHECK(events[1].detection.label == no);
  CHECK(events[1].at - 2.2 < 0.3);
}

TEST_CASE("nothing is reported below the threshold, or while silence or unknown is on top") {
  Detector detector(two_words(), {});
  SECTION("low peak") {
    CHECK(run(detector, 6, 0.096, [](double t) { return posteriors_at({{yes, 2, 1.0, 0.55}}, t); }).empty());
  }
  SECTION("one loud window is not enough") {
    detector.set_threshold(BranchId::full, yes, 0.9F);
    CHECK(run(detector, 6, 0.096, [](double t) {
            return posteriors_at({{yes, 2, t > 1.99 && t < 2.08 ? 1.0 : 0.0, 1.0}}, t);
          }).empty());
  }
  SECTION("unknown on top of a low threshold") {
    detector.set_threshold(BranchId::full, yes, 0.2F);
    CHECK(run(detector, 6, 0.096, [](double t) {
            return posteriors_at({{yes, 2, 1, 0.4}}, t, unknown);
          }).empty());
    CHECK(run(detector, 6, 0.096, [](double t) {
            return posteriors_at({{yes, 2, 1, 0.55}}, t, unknown);
          }).size() == 1);
  }
  SECTION("labels that are not keywords") {
    CHECK(run(detector, 6, 0.096, [](double t) {
            return posteriors_at({{silence, 2, 1, 1.0}, {unknown, 4, 1, 1.0}}, t);
          }).empty());
  }
}

TEST_CASE("doubt between two keywords is no doubt that one was spoken") {
  // 0.55 of one, 0.35 of the other or of unknown: the threshold is 0.6.
  const auto trace = [](int other) {
    return [other](double t) { return posteriors_at({{no, 2, 1, 0.55}, {other, 2, 1, 0.35}}, t); };
  };
  Detector detector(two_words(), {});
  const auto events = run(detector, 6, 0.096, trace(yes));
  REQUIRE(events.size() == 1);
  CHECK(events[0].detection.label == no);
  CHECK(events[0].detection.score > 0.6);
  detector.reset(0);
  CHECK(run(detector, 6, 0.096, trace(unknown)).empty());
  DetectorParams alone;
  alone.rivals_share = 0;
  Detector strict(two_words(), alone);
  CHECK(run(strict, 6, 0.096, trace(yes)).empty());
}

TEST_CASE("a held posterior fires once, it must fall before it fires again") {
  Detector detector(two_words(), {});
  CHECK(run(detector, 20, 0.096, [](double t) { return posteriors_at({{yes, 2, 12}}, t); }).size() == 1);
  detector.reset(0);
  CHECK(run(detector, 20, 0.096, [](double t) {
          return posteriors_at({{yes, 2, 5}, {yes, 9, 5}}, t);
        }).size() == 2);
}

TEST_CASE("the refractory period counts stream time, per keyword, and 0 disables it") {
  DetectorParams params;
  params.refractory_seconds = 5;
  const std::vector<Spoken> words{{yes, 2}, {no, 3}, {yes, 4}, {no, 9}, {yes, 9.9}};
  const auto trace = [&](double t) { return posteriors_at(words, t); };
  Detector patient(two_words(), params);
  const auto events = run(patient, 12, 0.048, trace);
  REQUIRE(events.size() == 4);  // the second "yes" is lost
  CHECK(events[2].detection.label == no);
  CHECK(events[3].detection.label == yes);
  params.refractory_seconds = 0;
  Detector eager(two_words(), params);
  CHECK(run(eager, 12, 0.048, trace).size() == 5);
}

TEST_CASE("a keyword's own refractory period replaces the common one") {
  DetectorParams params;
  params.refractory_seconds = 5;
  params.label_refractory_seconds.assign(two_words().labels.size(), 5);
  params.label_refractory_seconds[yes] = 0;
  const std::vector<Spoken> words{{yes, 2}, {no, 3}, {yes, 4}, {no, 5}, {yes, 9}, {no, 9.9}};
  Detector detector(two_words(), params);
  const auto events = run(detector, 12, 0.048, [&](double t) { return posteriors_at(words, t); });
  std::vector<int> labels;
  for (const auto& event : events) labels.push_back(event.detection.label);
  CHECK(labels == std::vector<int>{yes, no, yes, yes, no});  // the second "no" is lost
}

TEST_CASE("a branch switch moves no operating point and loses no word") {
  const unsigned seed = GENERATE(range(0U, 20U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const kwsd::Model model = two_words();
  std::vector<Spoken> words;
  std::uniform_real_distribution<double> uniform(0, 1);
  for (double end = 1.5; end < 30; end += 1.5) {
    // Every other word stays below its threshold in every branch.
    words.push_back({words.size() % 2 == 0 ? yes : no, end, 0.5, words.size() % 4 < 2 ? 0.9 : 0.55});
  }
  std::vector<BranchId> sequence(1000);
  std::generate(sequence.begin(), sequence.end(), [&, b = 0]() mutable {
    if (uniform(random) < 0.2) b = static_cast<int>(uniform(random) * 3);
    return static_cast<BranchId>(b);
  });
  // What the same audio gives in another branch: posteriors that stand to its thresholds as those of the
  // full branch stand to the full branch's. The other label takes what is left, so that none is on top.
  const auto in_branch = [&](std::vector<float> p, BranchId branch) {
    for (const std::size_t label : {std::size_t{yes}, std::size_t{no}}) {
      const float from = model.branches[0].thresholds[label];
      const float to = model.branches[static_cast<std::size_t>(branch)].thresholds[label];
      p[label] = p[label] < from ? p[label] * to / from : 1 - (1 - p[label]) * (1 - to) / (1 - from);
    }
    p[silence] = p[unknown] = 0;
    return p;
  };
  Detector constant(model, {});
  Detector switching(model, {});
  const auto expected =
      run(constant, 32, 0.048, [&](double t) { return in_branch(posteriors_at(words, t), BranchId::full); });
  std::size_t window = 0;
  const auto events = run(
      switching, 32, 0.048, [&](double t) { return in_branch(posteriors_at(words, t), sequence[window++]); },
      [&](int w) { return sequence[static_cast<std::size_t>(w)]; });
  CHECK(expected.size() == 10);
  REQUIRE(events.size() == expected.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i].detection.label == expected[i].detection.label);
    CHECK(std::abs(events[i].at - expected[i].at) < 0.1);
    CHECK(events[i].detection.threshold ==
          switching.threshold(events[i].detection.branch, events[i].detection.label));
  }
}

TEST_CASE("events do not depend on when the stream began") {
  const std::vector<Spoken> words{{yes, 2}, {no, 4}, {yes, 6}};
  const std::int64_t late = std::int64_t{1} << 40;  // two years of samples
  Detector early(two_words(), {});
  Detector shifted(two_words(), {});
  shifted.reset(late);
  for (double t = 1; t < 8; t += 0.096) {
    const auto p = posteriors_at(words, t);
    const std::int64_t end = std::llround(t * rate);
    const auto a = early.push(p, end, BranchId::full);
    const auto b = shifted.push(p, end + late, BranchId::full);
    REQUIRE(a.size() == b.size());
    if (!a.empty()) {
      CHECK(a[0].end_sample + late == b[0].end_sample);
      CHECK(a[0].start_sample + late == b[0].start_sample);
      CHECK(a[0].score == b[0].score);
    }
  }
}

TEST_CASE("warm-up, gaps and reset forget what came before") {
  DetectorParams params;
  SECTION("windows in the warm-up are dropped") {
    params.warm_up_seconds = 3;
    Detector detector(two_words(), params);
    const auto trace = [](double t) { return posteriors_at({{yes, 2}, {yes, 4}}, t); };
    const auto events = run(detector, 6, 0.096, trace);
    REQUIRE(events.size() == 1);
    CHECK(events[0].at > 3.9);
  }
  SECTION("windows on both sides of a gap are not averaged") {
    params.min_windows = 2;
    Detector detector(two_words(), params);
    const auto p = posteriors_at({{yes, 1.0, 1.0}}, 1.5);
    CHECK(detector.push(p, 16000, BranchId::full).empty());
    CHECK(detector.push(p, 16000 + 16000 * 10, BranchId::full).empty());
    CHECK(detector.push(p, 16000 + 16000 * 10 + 1536, BranchId::full).size() == 1);
  }
  SECTION("reset re-arms and ends the refractory period") {
    Detector detector(two_words(), params);
    const auto trace = [](double t) { return posteriors_at({{yes, 1.0, 9}}, t); };
    CHECK(run(detector, 2, 0.096, trace).size() == 1);
    detector.reset(0);
    CHECK(detector.scores()[yes] == 0);
    CHECK(run(detector, 2, 0.096, trace).size() == 1);
  }
}

TEST_CASE("a hop longer than the smoothing span still averages min_windows") {
  Detector detector(two_words(), {});
  const auto events = run(detector, 6, 0.4, [](double t) { return posteriors_at({{yes, 2, 1.0}}, t); });
  CHECK(events.size() == 1);
}

TEST_CASE("posteriors that are not numbers count as nothing") {
  Detector detector(two_words(), {});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> p{0, 0, nan, 1.5F};
  CHECK(detector.push(p, 16000, BranchId::full).empty());
  const auto events = detector.push(p, 17000, BranchId::full);
  REQUIRE(events.size() == 1);
  CHECK(events[0].label == no);
  CHECK(events[0].score == 1);
}

TEST_CASE("detector parameters out of range are refused by name") {
  const auto refuses = [](auto&& change, const char* field) {
    DetectorParams p;
    change(p);
    CHECK_THROWS_WITH(Detector(two_words(), p), Catch::Contains(field));
  };
  refuses([](DetectorParams& p) { p.smoothing_seconds = 0; }, "smoothing_seconds");
  refuses([](DetectorParams& p) { p.smoothing_seconds = std::nan(""); }, "smoothing_seconds");
  refuses([](DetectorParams& p) { p.rivals_share = 1.5; }, "rivals_share");
  refuses([](DetectorParams& p) { p.min_windows = 0; }, "min_windows");
  refuses([](DetectorParams& p) { p.refractory_seconds = -1; }, "refractory_seconds");
  refuses([](DetectorParams& p) { p.label_refractory_seconds = {1, 3601}; }, "label_refractory_seconds");
  refuses([](DetectorParams& p) { p.rearm_ratio = 1.5; }, "rearm_ratio");
  refuses([](DetectorParams& p) { p.warm_up_seconds = -1; }, "warm_up_seconds");
  refuses([](DetectorParams& p) { p.word_seconds = 11; }, "word_seconds");
}
