// Near misses, on posteriors that are written out here.
#include "app/daemon/near_misses.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace kwsd;

namespace {

constexpr int yes = 1, no = 2;
constexpr double hop_seconds = 0.1;

/// A one-second window, two keywords, thresholds of 0.6, in the half branch of 0.9.
std::shared_ptr<const Model> two_words() {
  Model model;
  model.labels = {{"silence", LabelKind::silence}, {"yes", LabelKind::keyword}, {"no", LabelKind::keyword}};
  model.steps = 40;
  model.branches[0].thresholds = model.branches[2].thresholds = {1, 0.6F, 0.6F};
  model.branches[1].thresholds = {1, 0.9F, 0.9F};
  return std::make_shared<const Model>(model);
}

/// Sound in which a keyword has this posterior from a second on, for a while.
struct Spoken {
  int label;
  double from;
  float posterior;
  double seconds = 0.5;
};

struct Listener {
  explicit Listener(double refractory_seconds = 1) {
    DetectorParams params;
    params.refractory_seconds = refractory_seconds;
    detector.emplace(*model, params);
  }

  /// "WORD@SECOND" of each near miss up to second `until`.
  std::vector<std::string> hear(const std::vector<Spoken>& words, double until,
                                BranchId branch = BranchId::full) {
    std::vector<std::string> found;
    for (; seconds < until; seconds += hop_seconds) {
      std::vector<float> posteriors{0, 0, 0};
      for (const Spoken& word : words) {
        if (seconds >= word.from && seconds < word.from + word.seconds) {
          posteriors[static_cast<std::size_t>(word.label)] += word.posterior;
        }
      }
      posteriors[0] = 1 - posteriors[yes] - posteriors[no];
      const auto sample = static_cast<std::int64_t>(std::llround(seconds * stream_rate_hz));
      near_misses.forget();
      const bool detected = !detector->push(posteriors, sample, branch).empty();
      near_misses.on_window(0, *detector, branch, sample);
      if (detected) {
        near_misses.on_detection(sample);
        ++detections;
      }
      if (near_misses.found() != nullptr) {
        found.push_back(*near_misses.found() + "@" + std::to_string(std::lround(10 * seconds)));
      }
    }
    return found;
  }

  std::shared_ptr<const Model> model = two_words();
  std::optional<Detector> detector;
  NearMisses near_misses{std::span(&model, 1)};
  double seconds = 0;
  int detections = 0;
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a word whose score reaches half of the threshold is near, 0.6 s later") {
  CHECK(Listener().hear({{yes, 2, 0.4F}}, 5) == Words{"yes@28"});  // the score is a mean of 0.3 s
  CHECK(Listener().hear({{yes, 2, 0.29F}}, 5).empty());
  CHECK(Listener().hear({{yes, 2, 0.4F}}, 5, BranchId::half).empty());  // whose threshold is 0.9
  CHECK(Listener().hear({{yes, 2, 0.5F}, {yes, 4, 0.5F}}, 7).size() == 2);
}

TEST_CASE("a word that is detected is not near, nor is what is like it within a second") {
  Listener listener;
  CHECK(listener.hear({{yes, 2, 0.9F}}, 6).empty());
  CHECK(listener.detections == 1);
  Listener confused;  // "no" is near before and after "yes" is detected
  CHECK(confused.hear({{no, 1.5, 0.4F}, {yes, 2, 0.9F}, {no, 2.5, 0.4F}}, 6).empty());
  CHECK(confused.detections == 1);
  Listener apart;
  CHECK(apart.hear({{yes, 2, 0.9F}, {no, 4, 0.4F}}, 7) == Words{"no@48"});
}

TEST_CASE("of keywords that are near together, the nearest counts, whichever comes first") {
  CHECK(Listener().hear({{yes, 2, 0.33F}, {no, 2.2, 0.36F}}, 6) == Words{"no@30"});
  CHECK(Listener().hear({{yes, 2, 0.36F}, {no, 2.2, 0.33F}}, 6) == Words{"yes@28"});
}

TEST_CASE("a score that stays is near once") {
  CHECK(Listener().hear({{yes, 2, 0.4F, 20}}, 30).size() == 1);
}

TEST_CASE("a keyword is not near in its refractory period, and what passes the threshold without it is") {
  CHECK(Listener(10).hear({{yes, 2, 0.9F}, {yes, 5, 0.9F}}, 9).empty());
  CHECK(Listener(1).hear({{yes, 2, 0.55F}, {yes, 5, 0.55F}}, 9).size() == 2);
}

TEST_CASE("a gap forgets what was near before") {
  Listener listener;
  CHECK(listener.hear({{yes, 2, 0.4F}}, 2.5).empty());
  listener.near_misses.restart();
  listener.detector->reset(40000);
  CHECK(listener.hear({}, 6).empty());
}
