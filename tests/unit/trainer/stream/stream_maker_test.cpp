// Training streams of made-up recordings: each word is a tone of its own.
#include "models/trainer/stream/stream_maker.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "models/trainer/data/effects.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;

namespace {

Dataset made_up(const TemporaryFolder& folder) {
  write_words(folder.path() / "data", {"yes", "no", "other"}, 6);
  write_words(folder.path() / "cut", {"yes"}, 3);
  for (int speaker = 1; speaker <= 3; ++speaker) {
    write_clip(folder.path() / "speech" / (std::to_string(speaker) + "-1-0000.flac"), tone(6, 300, 0, 5));
  }
  DataOptions options;
  options.words = {folder.path() / "data"};
  options.cut_words = {folder.path() / "cut"};
  options.keywords = {"yes", "no"};
  options.speech = {folder.path() / "speech"};
  options.cache = folder.path() / "cache";
  options.validation_fraction = options.test_fraction = 0;
  return Dataset(options);
}

AugmentOptions plain() {
  AugmentOptions augment;
  augment.enabled = false;
  return augment;
}

StreamOptions of_keywords() {
  StreamOptions options;
  options.keyword_share = 1;
  options.speech_share = options.empty_share = 0;
  options.keyword_items = 1;
  return options;
}

}  // namespace

TEST_CASE("cut words have their word between two margins, and train alone") {
  const TemporaryFolder folder;
  const Dataset dataset = made_up(folder);
  const auto& clips = dataset.clips(Split::train);
  const auto cut = std::count_if(clips.begin(), clips.end(), [](const Clip& c) { return c.cut; });
  REQUIRE(cut == 3);
  for (const Clip& clip : clips) {
    if (clip.cut) {
      REQUIRE(clip.spoken.begin == 3200);
      REQUIRE(clip.spoken.end == static_cast<std::int32_t>(clip.samples.size()) - 3200);
    }
  }
}

TEST_CASE("a stream is the same each time, and says where its words sound") {
  const TemporaryFolder folder;
  const Dataset dataset = made_up(folder);
  StreamOptions options = of_keywords();
  options.cut_share = 0;
  const StreamMaker maker(dataset, plain(), options, 0.75, 1);
  REQUIRE(maker.samples() == 48000);
  std::vector<float> out(maker.samples());
  std::vector<float> again(maker.samples());
  std::size_t whole = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Random same(seed);
    const TrainingStream stream = maker.draw(random, out);
    static_cast<void>(maker.draw(same, again));
    REQUIRE(out == again);
    for (const Spoken& s : stream.spoken) {
      REQUIRE(s.label < dataset.unknown_label());
      REQUIRE(s.whole == (s.begin >= 0 && s.end <= 48000));
      if (s.whole) {
        ++whole;
        const auto part = std::span(out).subspan(static_cast<std::size_t>(s.begin),
                                                 static_cast<std::size_t>(s.end - s.begin));
        REQUIRE(rms(part) > 0.02F);
      }
    }
  }
  REQUIRE(whole > 20);
}

TEST_CASE("a split without recordings gives silence, not a crash") {
  const TemporaryFolder folder;
  const Dataset dataset = made_up(folder);
  const StreamMaker maker(dataset, plain(), of_keywords(), 0.75, 1);
  std::vector<float> out(maker.samples());
  Random random(1);
  REQUIRE(maker.draw(random, out, Split::test).spoken.empty());
}

TEST_CASE("streams of other words, speech or nobody hold no keyword") {
  const TemporaryFolder folder;
  const Dataset dataset = made_up(folder);
  StreamOptions options;
  options.keyword_share = 0;
  options.speech_share = 0.4;
  options.empty_share = 0.2;
  const StreamMaker maker(dataset, AugmentOptions{}, options, 0.75, 1);
  std::vector<float> out(maker.samples());
  std::size_t spoken = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    const TrainingStream stream = maker.draw(random, out);
    spoken += stream.spoken.size();
    for (const Spoken& s : stream.spoken) {
      REQUIRE(s.label == dataset.unknown_label());
    }
    for (const float v : out) {
      REQUIRE((v >= -1.0F && v <= 1.0F));
    }
  }
  REQUIRE(spoken > 20);
}
