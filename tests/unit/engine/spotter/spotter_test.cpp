// The spotter that a program embeds: the same words whatever the blocks, what one stream costs, several
// streams on one spotter.
#include "engine/spotter/spotter.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "engine/spotter/spotter_stream.h"
#include "tests/support/allocations.h"
#include "tests/support/random_model.h"
#include "tests/support/test_sound.h"

using namespace kwsd;

namespace {

/// With a second stage, and without one.
constexpr std::size_t most_bytes_in_two_stages = 125'000, most_bytes = 100'000;

const std::vector<std::string> all_models{"commands",       "commands-window", "commands-paper",
                                          "commands-small", "computer",        "jarvis"};

std::shared_ptr<const Model> shipped(const std::string& name) {
  return std::make_shared<const Model>(load_model(std::string(KWSD_SOURCE) + "/models/" + name + ".kwsm"));
}

std::shared_ptr<const Spotter> spotter_of(const std::vector<std::string>& names,
                                          const SpotterOptions& options = {}) {
  std::vector<std::shared_ptr<const Model>> models;
  for (const std::string& name : names) {
    models.push_back(shipped(name));
  }
  return std::make_shared<const Spotter>(models, select_kernels("auto"), options);
}

/// "yes" and "stop": the first 5.5 s of the demo.
std::vector<std::int16_t> two_words() {
  std::vector<std::int16_t> sound = test::read_test_sound(std::string(KWSD_SOURCE) + "/tests/data/demo.wav");
  sound.resize(std::size_t{88000});
  return sound;
}

using Word = std::tuple<std::size_t, int, float, float, std::int64_t, std::int64_t, BranchId>;

/// What a stream finds in sound that comes in blocks of `block` samples. Low thresholds make it find more.
template <class Sample>
std::vector<Word> words_of(SpotterStream& stream, const std::vector<Sample>& sound, std::size_t block) {
  std::vector<Word> words;
  std::span<const Sample> rest(sound);
  while (!rest.empty()) {
    const std::size_t n = std::min(block, rest.size());
    stream.push(rest.first(n), [&](const Spotting& word) {
      const Detection& d = word.detection;
      words.emplace_back(word.model, d.label, d.score, d.threshold, d.start_sample, d.end_sample, d.branch);
    });
    rest = rest.subspan(n);
  }
  return words;
}

void set_all_thresholds(SpotterStream& stream, float threshold) {
  const auto models = stream.spotter()->models();
  for (std::size_t model = 0; model < models.size(); ++model) {
    for (int label = 0; label < static_cast<int>(models[model]->labels.size()); ++label) {
      stream.set_threshold(model, label, threshold);
    }
  }
}

}  // namespace

TEST_CASE("what is spotted does not depend on the blocks that the samples come in") {
  const std::vector<std::int16_t> sound = two_words();
  const auto spotter = spotter_of(all_models);
  const auto words = [&](std::size_t block) {
    SpotterStream stream(spotter);
    set_all_thresholds(stream, 0.3F);
    return words_of(stream, sound, block);
  };
  const std::vector<Word> at_once = words(sound.size());
  CHECK(at_once.size() >= 2 * 3);
  for (const std::size_t block : {1U, 160U, 999U, 16000U}) {
    CAPTURE(block);
    CHECK(words(block) == at_once);
  }
}

TEST_CASE("int16 samples count as 1/32768 of full scale") {
  const std::vector<std::int16_t> sound = two_words();
  const auto spotter = spotter_of({"commands"});
  SpotterStream integer(spotter), floating(spotter);
  const std::vector<Word> words = words_of(integer, sound, 700);
  CHECK(words.size() == 2);
  CHECK(words == words_of(floating, test::as_float(sound), 700));
}

TEST_CASE("models side by side spot what each spots alone, each word in its time") {
  const std::vector<std::int16_t> sound = two_words();
  SpotterStream together(spotter_of(all_models));
  const std::vector<Word> all = words_of(together, sound, 1000);
  std::size_t alone_count = 0;
  for (std::size_t model = 0; model < all_models.size(); ++model) {
    SpotterStream alone(spotter_of({all_models[model]}));
    std::vector<Word> expected = words_of(alone, sound, 1000);
    alone_count += expected.size();
    for (Word& word : expected) {
      std::get<0>(word) = model;
      CHECK(std::count(all.begin(), all.end(), word) == 1);
    }
  }
  CHECK(all.size() == alone_count);
}

TEST_CASE("a stream costs at most 125 kB beside its spotter, and allocates nothing once it is made") {
  const std::vector<std::int16_t> sound(16000, 1234);
  const std::vector<float> samples = test::as_float(sound);
  for (const std::string& name : all_models) {
    CAPTURE(name);
    const auto spotter = spotter_of({name});
    const test::AllocationCounter making;
    SpotterStream stream(spotter);
    CHECK(making.so_far().bytes + sizeof stream <=
          (spotter->models()[0]->second ? most_bytes_in_two_stages : most_bytes));
    int words = 0;
    const auto count = [&words](const Spotting&) { ++words; };
    const test::AllocationCounter running;
    for (const BranchId branch : {BranchId::full, BranchId::half, BranchId::quarter}) {
      stream.set_branch(branch);
      stream.push(std::span<const std::int16_t>(sound), count);
      stream.push(std::span<const float>(samples), count);
      stream.set_muted(true);
      stream.push(std::span<const float>(samples), count);
      stream.set_muted(false);
      stream.restart(0);
    }
    CHECK(running.so_far().count == 0);
  }
}

TEST_CASE("streams on threads of their own share one spotter") {
  const std::vector<std::int16_t> sound = two_words();
  const auto spotter = spotter_of({"commands", "jarvis"});
  SpotterStream alone(spotter);
  const std::vector<Word> expected = words_of(alone, sound, 1024);
  std::vector<std::vector<Word>> found(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < found.size(); ++t) {
    threads.emplace_back([&, t] {
      SpotterStream stream(spotter);
      found[t] = words_of(stream, sound, 300 + 100 * t);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::vector<Word>& words : found) {
    CHECK(words == expected);
  }
}

TEST_CASE("a stream keeps its spotter and its models alive") {
  auto spotter = spotter_of({"commands"});
  const std::weak_ptr<const Spotter> seen = spotter;
  {
    SpotterStream stream(std::move(spotter));
    CHECK(words_of(stream, two_words(), 4096).size() == 2);
    CHECK_FALSE(seen.expired());
  }
  CHECK(seen.expired());
}

TEST_CASE("a muted stream spots nothing, and its time goes on") {
  const std::vector<std::int16_t> sound = two_words();
  const auto spotter = spotter_of({"commands"});
  SpotterStream stream(spotter);
  stream.set_muted(true);
  CHECK(words_of(stream, sound, 512).empty());
  CHECK(stream.windows() == 0);
  const auto length = static_cast<std::int64_t>(sound.size());
  CHECK(stream.sample() == length);
  stream.set_muted(false);
  SpotterStream fresh(spotter);
  std::vector<Word> expected = words_of(fresh, sound, 512);
  for (Word& word : expected) {
    std::get<4>(word) += length;
    std::get<5>(word) += length;
  }
  CHECK(words_of(stream, sound, 512) == expected);
}

TEST_CASE("after a restart a stream spots what a new one spots") {
  const std::vector<std::int16_t> sound = two_words();
  const auto spotter = spotter_of({"commands", "computer"});
  SpotterStream fresh(spotter), used(spotter);
  const std::vector<Word> expected = words_of(fresh, sound, 640);
  used.push(std::span<const std::int16_t>(sound).first(7777), [](const Spotting&) {});
  used.restart(0);
  CHECK(words_of(used, sound, 640) == expected);
}

TEST_CASE("thresholds belong to a stream, a model, a label and a branch") {
  const auto spotter = spotter_of({"commands", "jarvis"});
  SpotterStream one(spotter), other(spotter);
  const float before = other.threshold(0, 1, BranchId::half);
  one.set_threshold(0, 1, BranchId::half, 0.125F);
  CHECK(one.threshold(0, 1, BranchId::half) == 0.125F);
  CHECK(one.threshold(0, 1, BranchId::full) == spotter->models()[0]->branches[0].thresholds[1]);
  CHECK(other.threshold(0, 1, BranchId::half) == before);
  one.set_threshold(1, 0, 0.25F);
  for (const BranchId branch : {BranchId::full, BranchId::half, BranchId::quarter}) {
    CHECK(one.threshold(1, 0, branch) == 0.25F);
  }
  set_all_thresholds(one, 1.0F);
  CHECK(words_of(one, two_words(), 512).empty());
}

TEST_CASE("words of several models come in the order of their ends") {
  // Model 0 is stricter, so it finds a word some steps later: of the same hop, in some of the runs.
  const auto spotter = spotter_of({"commands", "commands"});
  std::size_t one_step_apart = 0;
  for (const float strict : {0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F}) {
    SpotterStream stream(spotter);
    set_all_thresholds(stream, strict);
    for (int label = 0; label < 12; ++label) {
      stream.set_threshold(1, label, strict - 0.15F);
    }
    const std::vector<Word> words = words_of(stream, two_words(), 512);
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::int64_t apart = std::get<5>(words[i]) - std::get<5>(words[i - 1]);
      CAPTURE(strict, i);
      CHECK(apart >= 0);
      one_step_apart += apart == 768 && std::get<0>(words[i]) == 0 ? 1U : 0U;
    }
  }
  CHECK(one_step_apart > 2);
}

TEST_CASE("the first frame stands for what went before the stream") {
  const auto model = std::make_shared<const Model>(test::random_model(5));
  const Network network(model, select_kernels("reference"));
  std::vector<std::int8_t> frame(model->features.coefficients);
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::int8_t>(7 * i % 90);
  Stream whole(network);
  for (int i = 0; i < model->window_frames(); ++i) whole.push_frame(frame);
  std::vector<float> expected(model->labels.size());
  whole.classify(BranchId::full, expected);
  PosteriorStream stream(network, 3);
  for (int round = 0; round < 2; ++round) {
    CHECK(stream.push_frame(frame));
    const auto posteriors = stream.classify(BranchId::full);
    REQUIRE(posteriors.size() == 1);
    CHECK(posteriors[0].end_frame == 1);
    CHECK(std::vector<float>(posteriors[0].values.begin(), posteriors[0].values.end()) == expected);
    CHECK_FALSE(stream.push_frame(frame));
    CHECK_FALSE(stream.push_frame(frame));
    CHECK(stream.push_frame(frame));
    stream.reset();
  }
}

TEST_CASE("a hop is rounded to whole frames") {
  const auto model = shipped("commands");
  const double frame = static_cast<double>(model->features.hop_samples) / 16000;
  const auto hop = [&](double seconds) {
    SpotterOptions options;
    options.hop_seconds = seconds;
    return Spotter({model}, select_kernels("auto"), options).hop_samples(0) / model->features.hop_samples;
  };
  CHECK(Spotter({model}, select_kernels("auto")).hop_samples(0) ==
        std::int64_t{model->features.hop_samples} * model->hop_frames());
  CHECK(hop(1e-6) == 1);
  CHECK(hop(1.4 * frame) == 1);
  CHECK(hop(1.6 * frame) == 2);
}

TEST_CASE("a detector's parameter out of its range is an error before there is a stream") {
  SpotterOptions options;
  options.smoothing_seconds = 0;
  CHECK_THROWS_AS(spotter_of({"commands"}, options), Error);
}

TEST_CASE("samples that are no numbers count as silence") {
  std::vector<float> noise(16000, std::numeric_limits<float>::quiet_NaN());
  std::fill(noise.begin() + 8000, noise.end(), std::numeric_limits<float>::infinity());
  SpotterStream stream(spotter_of({"commands"})), silent(stream.spotter());
  CHECK(words_of(stream, noise, 512) == words_of(silent, std::vector<float>(16000), 512));
  for (const float score : stream.scores(0)) CHECK(std::isfinite(score));
}

TEST_CASE("an observer sees each window, and thresholds that it sets count from the next window on") {
  class Strict final : public SpotterObserver {
   public:
    void on_window(SpotterStream& stream, std::size_t model, std::int64_t end_sample) noexcept override {
      ordered = ordered && end_sample > last[model];  // streaming models have several steps at a time
      last[model] = end_sample;
      ++windows;
      for (int label = 0; label < static_cast<int>(stream.scores(model).size()); ++label) {
        stream.set_threshold(model, label, 1.0F);
      }
    }
    bool ordered = true;
    std::array<std::int64_t, 2> last{};
    std::int64_t windows = 0;
  } strict;
  SpotterStream stream(spotter_of({"commands", "jarvis"}));
  stream.set_observer(&strict);
  CHECK(words_of(stream, two_words(), 512).empty());
  CHECK(strict.windows == stream.windows());
  CHECK(strict.ordered);
}
