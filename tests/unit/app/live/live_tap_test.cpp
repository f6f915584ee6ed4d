#include "app/live/live_tap.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <numeric>
#include <thread>

#include "tests/support/allocations.h"

using namespace kwsd;

namespace {

std::shared_ptr<const Model> model_of(std::vector<Label> labels) {
  auto model = std::make_shared<Model>();
  model->labels = std::move(labels);
  for (Branch& branch : model->branches) {
    branch.thresholds.assign(model->labels.size(), 0.5F);
  }
  return model;
}

const std::vector<Label> two_words{
    {"silence", LabelKind::silence}, {"yes", LabelKind::keyword}, {"no", LabelKind::keyword}};

/// Counts up from `from`.
std::vector<float> ramp(std::size_t count, std::int64_t from) {
  std::vector<float> samples(count);
  std::iota(samples.begin(), samples.end(), static_cast<float>(from));
  return samples;
}

}  // namespace

TEST_CASE("the tap shows scores and thresholds of all models' keywords") {
  const std::vector models{model_of(two_words), model_of({{"computer", LabelKind::keyword}})};
  ScoreTap tap(models);
  REQUIRE(tap.keywords() == std::vector<std::string>{"yes", "no", "computer"});
  REQUIRE(tap.threshold(2) == Approx(0.5F));  // before the first window, too
  tap.set_threshold(2, 0.7F);
  REQUIRE(tap.threshold(2) == Approx(0.7F));
  Detector detector(*models[0], DetectorParams{});
  detector.set_threshold(BranchId::half, 2, 0.9F);
  const std::vector<float> posteriors{0.1F, 0.2F, 0.7F};
  (void)detector.push(posteriors, 16000, BranchId::half);
  tap.on_window(*models[0], detector, BranchId::half, 16000);
  REQUIRE(tap.score(1) == detector.scores()[2]);
  REQUIRE(tap.score(0) == Approx(0.2F));
  REQUIRE(tap.threshold(1) == Approx(0.9F));
  REQUIRE(tap.threshold(0) == Approx(0.5F));
  REQUIRE(tap.branch() == BranchId::half);
  REQUIRE(tap.windows() == 1);
  const auto stranger = model_of({{"x", LabelKind::keyword}});
  tap.on_window(*stranger, detector, BranchId::full, 20000);
  REQUIRE(tap.windows() == 1);
}

TEST_CASE("the tap keeps the last seconds, and says where they are gone") {
  SoundTap tap;
  std::vector<float> out(100);
  REQUIRE(!tap.copy(0, out));
  tap.on_samples(ramp(1000, 0));
  REQUIRE(tap.copy(900, out));
  REQUIRE(out.front() == 900);
  REQUIRE(out.back() == 999);
  REQUIRE(!tap.copy(901, out));
  REQUIRE(!tap.copy(-1, out));
  for (std::int64_t at = 1000; at < 201000; at += 1000) {
    tap.on_samples(ramp(1000, at));
  }
  REQUIRE(!tap.copy(900, out));
  REQUIRE(tap.copy(201000 - 100000, out));
  REQUIRE(out.front() == 101000);
}

TEST_CASE("a tap with an end passes over what comes later") {
  const std::vector models{model_of(two_words)};
  SoundTap sound(600);
  sound.on_samples(ramp(1000, 0));
  REQUIRE(sound.heard() == 600);
  ScoreTap tap(models, 600);
  Detector detector(*models[0], DetectorParams{});
  tap.on_window(*models[0], detector, BranchId::full, 601);
  REQUIRE(tap.windows() == 0);
}

TEST_CASE("the inference thread's side of the tap allocates nothing") {
  const std::vector models{model_of(two_words)};
  SoundTap sound;
  ScoreTap tap(models);
  Detector detector(*models[0], DetectorParams{});
  const std::vector<float> samples = ramp(1000, 0);
  const test::AllocationCounter count;
  for (int i = 0; i < 300; ++i) {
    sound.on_samples(samples);
    tap.on_window(*models[0], detector, BranchId::full, 1000);
  }
  REQUIRE(count.so_far().count == 0);
}

TEST_CASE("what the tap hands out while it is written is whole") {
  SoundTap tap;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::int64_t at = 0; at < 4'000'000; at += 500) {
      tap.on_samples(ramp(500, at));
    }
    stop = true;
  });
  std::vector<float> out(2000);
  std::int64_t copies = 0, wrong = 0;
  while (!stop) {
    const std::int64_t from = tap.heard() - 2000;
    if (tap.copy(from, out)) {
      ++copies;
      wrong +=
          out.front() == static_cast<float>(from) && out.back() == static_cast<float>(from + 1999) ? 0 : 1;
    }
  }
  writer.join();
  REQUIRE(wrong == 0);
  REQUIRE(tap.heard() == 4'000'000);
  REQUIRE(copies >= 0);
}
