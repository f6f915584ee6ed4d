#include "models/trainer/data/batcher.h"

#include <catch2/catch.hpp>
#include <map>

#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;

namespace {

/// Three words of ten speakers, a little speech and noise.
struct Made {
  Made() {
    write_words(folder.path() / "data", {"yes", "no", "tree"}, 10);
    write_clip(folder.path() / "noise" / "hum.wav", tone(40, 50, 0, 40));
    write_clip(folder.path() / "speech" / "talk.wav", tone(20, 300, 0, 20));
    DataOptions options;
    options.words = {folder.path() / "data"};
    options.keywords = {"yes", "no"};
    options.speech = {folder.path() / "speech"};
    options.noise = {folder.path() / "noise"};
    options.cache = folder.path() / "cache";
    dataset = std::make_unique<Dataset>(options);
    batch.batch_size = 16;
  }
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  BatchOptions batch;
};

bool same(const Batch& a, const Batch& b) {
  return a.features == b.features && a.labels == b.labels && a.words == b.words;
}

}  // namespace

TEST_CASE("batches depend on seed, epoch and number, not on threads") {
  Made made;
  const FeatureParams features = estimate_scaling(*made.dataset, {}, made.batch, 64);
  const auto batches = [&](unsigned threads, std::uint64_t seed, std::uint64_t epoch) {
    BatchOptions options = made.batch;
    options.threads = threads;
    options.seed = seed;
    Batcher batcher(*made.dataset, features, options);
    batcher.begin_epoch(epoch + 1);
    static_cast<void>(batcher.next());  // an epoch that is broken off
    batcher.begin_epoch(epoch);
    std::vector<Batch> all;
    for (std::size_t b = 0; b < batcher.batches_per_epoch(); ++b) {
      all.push_back(batcher.next());
    }
    return all;
  };
  const std::vector<Batch> one = batches(1, 1, 0);
  const std::vector<Batch> three = batches(3, 1, 0);
  REQUIRE(one.size() >= 2);
  REQUIRE(one.size() == three.size());
  REQUIRE(std::equal(one.begin(), one.end(), three.begin(), same));
  REQUIRE_FALSE(same(one[0], one[1]));
  REQUIRE_FALSE(same(one[0], batches(1, 2, 0)[0]));
  REQUIRE_FALSE(same(one[0], batches(1, 1, 1)[0]));
}

TEST_CASE("scaling does not depend on threads and makes one deviation 32 steps") {
  Made made;
  made.batch.threads = 1;
  const FeatureParams one = estimate_scaling(*made.dataset, {}, made.batch, 256);
  made.batch.threads = 3;
  REQUIRE(estimate_scaling(*made.dataset, {}, made.batch, 256) == one);
  made.batch.augment.spec_chance = 0;
  Batcher batcher(*made.dataset, one, made.batch);
  batcher.begin_epoch(0);
  double sum = 0, squares = 0, count = 0;
  for (std::size_t b = 0; b < batcher.batches_per_epoch(); ++b) {
    for (const float v : batcher.next().features) {
      REQUIRE(std::abs(v) <= 127.0F);
      REQUIRE(v == std::round(v));
      sum += v;
      squares += static_cast<double>(v) * v;
      count += 1;
    }
  }
  REQUIRE(sum / count == Approx(0).margin(6));  // few windows; the clamp at ±127
  REQUIRE(std::sqrt(squares / count) == Approx(32).margin(8));
}

TEST_CASE("labels are drawn in their shares") {
  Made made;
  const WindowMaker maker(*made.dataset, made.batch.augment, made.batch.mix, 16000, 1);
  std::map<int, int> drawn;
  std::vector<float> window(16000);
  constexpr int windows = 3000;
  for (std::uint64_t i = 0; i < windows; ++i) {
    Random random{1, i};
    const Window made_window = maker.draw(random, window);
    ++drawn[made_window.label];
    REQUIRE((made_window.label >= 2 || made_window.word == made_window.label));
  }
  // Shares 1 : 1 : 2.5 : 0.8 (about, both keywords have nearly as many clips); 3000 draws, 4 sigma.
  REQUIRE(drawn[2] == Approx(windows * 2.5 / 5.3).margin(110));
  REQUIRE(drawn[3] == Approx(windows * 0.8 / 5.3).margin(80));
  REQUIRE(drawn[0] == Approx(windows * 1.0 / 5.3).margin(110));
}

TEST_CASE("a keyword is wholly inside its window") {
  Made made;
  AugmentOptions plain;
  plain.speed = plain.stretch_chance = plain.noise_chance = plain.room_chance = plain.microphone_chance = 0;
  plain.clip_chance = plain.neighbour_chance = plain.gain_low_db = plain.gain_high_db = 0;
  const WindowMaker maker(*made.dataset, plain, made.batch.mix, 16000, 1);
  std::vector<float> window(16000);
  std::size_t earliest = 16000, latest = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    Random random{2, i};
    if (maker.draw(random, window).label >= 2) {
      continue;
    }
    std::size_t loud = 0, first = 16000, last = 0;
    for (std::size_t s = 0; s < window.size(); ++s) {
      if (std::abs(window[s]) > 0.05F) {
        first = std::min(first, s);
        last = s;
        ++loud;
      }
    }
    REQUIRE(last - first == Approx(6400).margin(64));  // 0.4 s of tone
    earliest = std::min(earliest, first);
    latest = std::max(latest, last);
    REQUIRE(loud > 4000);
  }
  REQUIRE(earliest < 2000);  // and anywhere in it
  REQUIRE(latest > 14000);
}

TEST_CASE("evaluation shows every clip once, as it is, and silence") {
  Made made;
  const FeatureParams features = estimate_scaling(*made.dataset, {}, made.batch, 64);
  made.batch.batch_size = 7;
  const Batcher batcher(*made.dataset, features, made.batch);
  std::vector<std::int64_t> labels;
  for (const Batch& batch : batcher.evaluation(Split::train)) {
    REQUIRE(batch.labels.size() == batch.size);
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  const std::size_t clips = made.dataset->clips(Split::train).size();
  for (std::size_t i = 0; i < clips; ++i) {
    REQUIRE(labels[i] == made.dataset->clips(Split::train)[i].label);
  }
  REQUIRE(labels.size() > clips);
  REQUIRE(labels.back() == made.dataset->silence_label());
}

TEST_CASE("silence that was recorded stands in place of what is made") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes", "no"}, 12);
  write_words(folder.path() / "test", {"yes", "no", "_silence_", "_unknown_"}, 3);
  DataOptions options;
  options.words = {folder.path() / "data"};
  options.test_words = {folder.path() / "test"};
  options.keywords = {"yes", "no"};
  options.cache = folder.path() / "cache";
  const Dataset dataset(options);
  const BatchOptions batch;
  const Batcher batcher(dataset, estimate_scaling(dataset, {}, batch, 64), batch);
  std::vector<std::int64_t> labels = batcher.evaluation(Split::test).front().labels;
  std::sort(labels.begin(), labels.end());
  REQUIRE(labels == std::vector<std::int64_t>{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3});
}

TEST_CASE("windows as samples are the windows whose features others get") {
  Made made;
  const FeatureParams features = estimate_scaling(*made.dataset, {}, made.batch, 64);
  made.batch.samples = true;
  const Batcher batcher(*made.dataset, features, made.batch);
  const Batch batch = batcher.evaluation(Split::train).front();
  REQUIRE(batch.frames == 1);
  REQUIRE(batch.features.size() == batch.size * batch.coefficients);
  std::vector<float> window(batch.coefficients);
  WindowMaker::evaluate(made.dataset->clips(Split::train).front(), window);
  REQUIRE(std::equal(window.begin(), window.end(), batch.features.begin()));
}

TEST_CASE("short clips are centred, of long ones the loudest stretch counts") {
  std::vector<float> window(16000);
  const std::vector<std::int16_t> brief(1000, 100);
  WindowMaker::evaluate({brief, {}, 0, 0, 0, Split::test}, window);
  REQUIRE(window[7499] == 0.0F);
  REQUIRE(window[7500] == 100 / 32768.0F);
  REQUIRE(window[8499] == 100 / 32768.0F);
  REQUIRE(window[8500] == 0.0F);
  std::vector<std::int16_t> lengthy(20000);
  for (std::size_t i = 0; i < lengthy.size(); ++i) {
    lengthy[i] = static_cast<std::int16_t>(i);
  }
  WindowMaker::evaluate({lengthy, {}, 0, 0, 0, Split::test}, window);
  REQUIRE(window[0] == 4000 / 32768.0F);  // a ramp is loudest at its end
  REQUIRE(window[15999] == 19999 / 32768.0F);
}
