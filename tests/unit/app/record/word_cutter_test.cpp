#include "app/record/word_cutter.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "app/base/random.h"

using namespace kwsd;

namespace {

constexpr double rate = 16000;

/// Faint noise, and tones in it.
struct Sound {
  std::vector<float> samples;
  Random random{1};

  Sound& quiet(double seconds, double level = 0.0003) { return add(seconds, 0, level); }
  Sound& word(double seconds, double height) { return add(seconds, height, 0.0003); }
  Sound& add(double seconds, double height, double noise) {
    for (int i = 0; i < static_cast<int>(seconds * rate); ++i) {
      samples.push_back(static_cast<float>(height * std::sin(0.3 * i) + noise * random.normal()));
    }
    return *this;
  }
};

std::vector<CutWord> cut(const std::vector<float>& samples, std::size_t block) {
  WordCutter cutter;
  std::vector<CutWord> words;
  for (std::size_t at = 0; at < samples.size(); at += block) {
    cutter.push(std::span(samples).subspan(at, std::min(block, samples.size() - at)));
    while (auto word = cutter.take()) {
      words.push_back(std::move(*word));
    }
  }
  return words;
}

}  // namespace

TEST_CASE("each word becomes a clip of a second with the word in its middle, whatever the blocks") {
  Sound sound;
  sound.quiet(1).word(0.5, 0.3).quiet(1).word(0.4, 0.1).quiet(1);
  for (const std::size_t block : {160U, 1024U, 7U, 100000U}) {
    const std::vector<CutWord> words = cut(sound.samples, block);
    REQUIRE(words.size() == 2);
    REQUIRE(words[0].fault == WordFault::none);
    REQUIRE(words[0].samples.size() == 16000);
    REQUIRE(words[0].word_seconds == Approx(0.56).margin(0.03));  // with find_word's margins
    REQUIRE(words[0].peak_db == Approx(20 * std::log10(0.3)).margin(0.3));
    REQUIRE(std::abs(words[0].samples[8000]) + std::abs(words[0].samples[8003]) > 0.1F);
    REQUIRE(std::abs(words[0].samples[2000]) < 0.01F);
    REQUIRE(std::abs(words[0].samples[14000]) < 0.01F);
    REQUIRE(words[1].word_seconds == Approx(0.46).margin(0.03));
  }
}

TEST_CASE("a long word is kept whole, and one that is too long is not a word") {
  Sound sound;
  sound.quiet(1).word(1.2, 0.3).quiet(1).word(1.8, 0.3).quiet(1).word(4, 0.3).quiet(1);
  const std::vector<CutWord> words = cut(sound.samples, 1000);
  REQUIRE(words.size() >= 3);
  REQUIRE(words[0].fault == WordFault::none);
  REQUIRE(words[0].samples.size() > 20800);
  REQUIRE(words[1].fault == WordFault::too_long);
  REQUIRE(words[2].fault == WordFault::too_long);
}

TEST_CASE("what is too quiet, clipped or too short is said") {
  Sound sound;
  sound.quiet(1).word(0.5, 0.014).quiet(1).word(0.04, 0.3).quiet(1).word(0.5, 1.2).quiet(1);
  for (float& sample : sound.samples) {
    sample = std::min(std::max(sample, -1.0F), 1.0F);
  }
  const std::vector<CutWord> words = cut(sound.samples, 1000);
  REQUIRE(words.size() == 3);
  REQUIRE(words[0].fault == WordFault::too_quiet);
  REQUIRE(words[1].fault == WordFault::too_short);
  REQUIRE(words[2].fault == WordFault::clipping);
}

TEST_CASE("noise, silence and clicks are no words") {
  Sound sound;
  sound.quiet(3, 0.05).quiet(2, 0.06);
  REQUIRE(cut(sound.samples, 1000).empty());
  REQUIRE(cut(std::vector<float>(50000), 1000).empty());
  Sound clicks;
  clicks.quiet(1).word(0.015, 0.5).quiet(1);
  REQUIRE(cut(clicks.samples, 1000).empty());
}

TEST_CASE("a word that was begun before a reset is forgotten") {
  Sound sound;
  sound.quiet(1).word(0.3, 0.3);
  WordCutter cutter;
  cutter.push(sound.samples);
  cutter.reset();
  cutter.push(Sound().quiet(2).samples);
  REQUIRE(!cutter.take());
}
