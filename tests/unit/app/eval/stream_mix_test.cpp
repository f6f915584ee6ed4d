#include "app/eval/stream_mix.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace kwsd;

namespace {

using Pcm = std::span<const std::int16_t>;

double level(std::span<const float> x) {
  double sum = 0;
  for (const float v : x) {
    sum += static_cast<double>(v) * v;
  }
  return x.empty() ? 0 : std::sqrt(sum / static_cast<double>(x.size()));
}

/// Square waves: speech with a gap in the middle, a word, noise.
struct Parts {
  std::vector<std::int16_t> speech = square(10 * 16000, 40, 3000);
  std::vector<std::int16_t> word_clip = std::vector<std::int16_t>(16000, 0);
  std::vector<std::int16_t> hum = square(3 * 16000, 160, 500);

  Parts() {
    std::fill(speech.begin() + 79000, speech.begin() + 81000, std::int16_t{0});
    const std::vector<std::int16_t> word = square(4800, 20, 9000);
    std::copy(word.begin(), word.end(), word_clip.begin() + 6400);
  }
  static std::vector<std::int16_t> square(std::size_t samples, std::size_t period, std::int16_t height) {
    std::vector<std::int16_t> out(samples);
    for (std::size_t i = 0; i < samples; ++i) {
      out[i] = i % period < period / 2 ? height : static_cast<std::int16_t>(-height);
    }
    return out;
  }
  [[nodiscard]] MixWord word(int label) const { return {word_clip, {6400, 11200}, label}; }
};

}  // namespace

TEST_CASE("a word is put into the pause of the speech, with its label where it sounds") {
  const Parts parts;
  const MixWord word = parts.word(3);
  const Pcm speech = parts.speech;
  MixParams params;
  params.word_level_db = 0;
  params.floor_db.reset();
  const MixedStream mixed = mix_stream({&word, 1}, {&speech, 1}, {}, params);
  REQUIRE(mixed.words.size() == 1);
  REQUIRE(mixed.words[0].label == 3);
  const auto start = static_cast<std::size_t>(mixed.words[0].start_sample);
  REQUIRE(mixed.words[0].end_sample - mixed.words[0].start_sample == 4800);
  REQUIRE(start > 79000);  // the gap is at 79,000 .. 81,000; then comes a pause of up to 0.45 s
  REQUIRE(start < 81000 + 7200 + 800);
  const std::span<const float> samples = mixed.samples;
  REQUIRE(level(samples.subspan(start, 4800)) == Approx(0.05).epsilon(0.02));
  REQUIRE(level(samples.subspan(start - 1600, 1500)) == 0);
  REQUIRE(level(samples.subspan(start + 4900, 1500)) == 0);
  REQUIRE(level(samples.subspan(1000, 40000)) == Approx(0.05).epsilon(0.02));
  REQUIRE(mixed.speech_samples == 160000);
}

TEST_CASE("every word is in the stream once, in order of time") {
  const Parts parts;
  std::vector<MixWord> words;
  for (int i = 0; i < 20; ++i) {
    words.push_back(parts.word(i));
  }
  const std::vector<Pcm> speech{parts.speech, parts.hum};
  for (const std::size_t pieces : {0U, 1U, 2U}) {
    const MixedStream mixed = mix_stream(words, std::span(speech).first(pieces), {}, {});
    REQUIRE(mixed.words.size() == 20);
    std::vector<bool> seen(20, false);
    std::int64_t before = 0;
    for (const SpokenWord& word : mixed.words) {
      REQUIRE(word.start_sample >= before);
      before = word.end_sample;
      REQUIRE_FALSE(seen[static_cast<std::size_t>(word.label)]);
      seen[static_cast<std::size_t>(word.label)] = true;
    }
    REQUIRE(before <= static_cast<std::int64_t>(mixed.samples.size()));
  }
}

TEST_CASE("noise has the level that the SNR says, and runs to the end") {
  const Parts parts;
  const MixWord word = parts.word(0);
  const std::vector<Pcm> speech{parts.speech};
  const std::vector<std::vector<Pcm>> noises{{}, {parts.hum}, {Pcm(parts.hum).first(1600)}};
  MixParams clean;
  MixParams noisy;
  noisy.snr_db = 10;
  const MixedStream a = mix_stream({&word, 1}, speech, noises[1], clean);
  for (const std::vector<Pcm>& with : noises) {  // white noise; seconds; a tenth of a second, over and over
    const MixedStream b = mix_stream({&word, 1}, speech, with, noisy);
    REQUIRE(a.samples.size() == b.samples.size());
    std::vector<float> noise(a.samples.size());
    for (std::size_t i = 0; i < noise.size(); ++i) {
      noise[i] = b.samples[i] - a.samples[i];
    }
    REQUIRE(level(noise) == Approx(0.05 * std::pow(10.0, -0.5)).epsilon(0.02));
    REQUIRE(level(std::span<const float>(noise).last(8000)) > 0.01);
  }
}

TEST_CASE("a clean mix has a noise floor in place of digital silence") {
  const Parts parts;
  const std::vector<MixWord> words{parts.word(0), parts.word(1), parts.word(2)};
  const auto mix = [&](std::optional<double> floor_db) {
    MixParams params;
    params.floor_db = floor_db;
    return mix_stream(words, {}, {}, params).samples;
  };
  /// RMS where the mix without a floor is silent.
  const std::vector<float> silent = mix(std::nullopt);
  const auto floor_of = [&](const std::vector<float>& samples) {
    std::vector<float> pauses;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (silent[i] == 0) pauses.push_back(samples[i]);
    }
    REQUIRE(pauses.size() > 16000);
    return 20 * std::log10(level(pauses));
  };
  CHECK(floor_of(mix(MixParams{}.floor_db)) == Approx(-65).margin(0.2));
  CHECK(floor_of(mix(-50)) == Approx(-50).margin(0.2));
}

TEST_CASE("a seed repeats a mix, another one changes it") {
  const Parts parts;
  const std::vector<MixWord> words{parts.word(0), parts.word(1), parts.word(2)};
  const Pcm speech = parts.speech;
  MixParams one;
  MixParams two;
  two.seed = 2;
  const auto mix = [&](const MixParams& params) {
    return mix_stream(words, {&speech, 1}, {}, params).samples;
  };
  REQUIRE(mix(one) == mix(one));
  REQUIRE(mix(one) != mix(two));
}

TEST_CASE("nothing mixed is nothing") {
  REQUIRE(mix_stream({}, {}, {}, {}).samples.empty());
  const std::vector<std::int16_t> short_clip(10, 5);
  const Pcm speech = short_clip;
  REQUIRE(mix_stream({}, {&speech, 1}, {}, {}).samples.size() == 10);
}
