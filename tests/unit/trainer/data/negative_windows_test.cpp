#include "models/trainer/data/negative_windows.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numbers>

#include "engine/features/frames.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"
#include "models/trainer/data/batcher.h"
#include "models/trainer/data/negative_parts.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;

namespace {

constexpr std::size_t frames = 20;

/// As of a network: one deviation is about 32 steps.
FeatureParams scaled_features() {
  FeatureParams p;
  p.mean.assign(p.coefficients, 0.0F);
  p.scale.assign(p.coefficients, 4.0F);
  p.scale[0] = 1.5F;
  return p;
}

/// Quantized features of a sound: [frames][coefficients].
std::vector<std::int8_t> features_of(const FeatureParams& p, const std::vector<float>& samples) {
  Mfcc mfcc(p);
  std::vector<std::int8_t> all(frames_in(p, samples.size()) * p.coefficients);
  for_each_frame(p, samples, [&](std::size_t f, std::span<const float> frame) {
    mfcc.compute_quantized(frame, std::span(all).subspan(f * p.coefficients, p.coefficients));
  });
  return all;
}

std::vector<float> hum(double seconds, double hz, double level) {
  Random random(7);
  std::vector<float> samples(static_cast<std::size_t>(seconds * sample_rate_hz));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / sample_rate_hz;
    double value = random.uniform(-0.1, 0.1);
    for (int harmonic = 1; harmonic * hz < 7000; ++harmonic) {
      value += std::sin(2 * std::numbers::pi * hz * harmonic * t) / harmonic;
    }
    samples[i] = static_cast<float>(level * value);
  }
  return samples;
}

void add_run(Negatives& n, NegativeKind kind, const std::string& text, const std::vector<float>& samples) {
  const std::vector<std::int8_t> values = features_of(n.features, samples);
  const std::size_t width = n.features.coefficients;
  n.runs.push_back({0, kind, text, n.frames.size() / width, values.size() / width});
  n.frames.insert(n.frames.end(), values.begin(), values.end());
}

/// Talk with and without "marmalade", a hard window, and a room.
std::shared_ptr<Negatives> some_negatives() {
  auto n = std::make_shared<Negatives>();
  n->features = scaled_features();
  n->collections = {{"talk", "CC0", 0.5}};
  add_run(*n, NegativeKind::plain, "TOAST WITH MARMALADE", hum(2, 440, 0.2));
  add_run(*n, NegativeKind::plain, "TOAST", hum(2, 150, 0.2));
  add_run(*n, NegativeKind::hard, "", hum(0.4, 200, 0.2));
  add_run(*n, NegativeKind::noise, "", hum(1, 90, 0.02));
  return n;
}

/// Nothing that changes a window but its position.
AugmentOptions still() {
  AugmentOptions a;
  a.speed = a.noise_chance = a.microphone_chance = a.neighbour_chance = a.gain_low_db = a.gain_high_db = 0;
  return a;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return most;
}

}  // namespace

TEST_CASE("energies of mel bands go back to the features that they come from") {
  const FeatureParams p = scaled_features();
  const MelEnergies mel(p);
  const std::vector<std::int8_t> quantized = features_of(p, hum(1, 200, 0.2));
  std::vector<float> energies(mel.bands()), back(mel.coefficients());
  for (std::size_t i = 0; i < quantized.size(); i += mel.coefficients()) {
    const auto frame = std::span(quantized).subspan(i, mel.coefficients());
    mel.decode(frame, energies);
    mel.encode(energies, back);
    REQUIRE(distance(back, std::vector<float>(frame.begin(), frame.end())) == 0);
  }
}

TEST_CASE("a gain of the energies is a gain of the sound") {
  const FeatureParams p = scaled_features();
  const MelEnergies mel(p);
  const std::vector<std::int8_t> loud = features_of(p, hum(1, 200, 0.4));
  const std::vector<std::int8_t> quiet = features_of(p, hum(1, 200, 0.1));
  std::vector<float> energies(mel.bands()), lowered(mel.coefficients());
  for (std::size_t i = 0; i < loud.size(); i += mel.coefficients()) {
    mel.decode(std::span<const std::int8_t>(loud).subspan(i, mel.coefficients()), energies);
    for (float& value : energies) {
      value /= 16;
    }
    mel.encode(energies, lowered);
    const auto frame = std::span(quiet).subspan(i, mel.coefficients());
    REQUIRE(distance(lowered, std::vector<float>(frame.begin(), frame.end())) <= 2);  // both are rounded
  }
}

TEST_CASE("windows of negatives are those of the file, silent outside a run") {
  const auto n = some_negatives();
  const std::size_t width = n->features.coefficients;
  const NegativeWindows windows(n, {"marmalade"}, n->features, frames, still());
  REQUIRE(windows.runs() == 3);
  std::vector<float> window(frames * width), silence(width);
  MelEnergies(n->features).encode(std::vector<float>(n->features.mel_bands, 0.0F), silence);
  windows.window({0, -3}, window);
  const auto run = n->frames_of(n->runs[1]);
  for (std::size_t f = 0; f < frames; ++f) {
    for (std::size_t c = 0; c < width; ++c) {
      REQUIRE(window[f * width + c] == (f < 3 ? silence[c] : static_cast<float>(run[(f - 3) * width + c])));
    }
  }
}

TEST_CASE("the positions of a run reach a quarter of a window beyond it") {
  const auto n = some_negatives();
  const NegativeWindows windows(n, {"marmalade"}, n->features, frames, still());
  const auto all = windows.positions(0, 4);
  REQUIRE(all.front().first == -5);
  REQUIRE(all.back().first + 20 <= static_cast<std::int64_t>(n->runs[1].frames) + 5);
  REQUIRE(all.back().first + 24 > static_cast<std::int64_t>(n->runs[1].frames) + 5);
  REQUIRE_FALSE(windows.positions(1, 4).empty());  // shorter than a window
}

TEST_CASE("drawn negatives are windows of runs without the keyword, voices and noise in their shares") {
  const auto n = some_negatives();
  const NegativeWindows windows(n, {"marmalade"}, n->features, frames, still());
  std::vector<float> drawn(frames * n->features.coefficients), as_it_is(drawn.size());
  std::map<bool, int> voices;
  for (std::uint64_t i = 0; i < 300; ++i) {
    Random random{1, i}, again{1, i};
    const bool voice = windows.draw(random, drawn);
    ++voices[voice];
    REQUIRE(windows.draw(again, as_it_is) == voice);
    REQUIRE(as_it_is == drawn);
    double nearest = 1000;
    for (std::size_t run = 0; run < windows.runs(); ++run) {
      for (const NegativePosition& position : windows.positions(run, 1)) {
        windows.window(position, as_it_is);
        nearest = std::min(nearest, distance(drawn, as_it_is));
      }
    }
    REQUIRE(nearest <= 1);
  }
  // Frames 81, 15 and 40: 11, 2 and 6 of 19.
  REQUIRE(voices[false] == Approx(300 * 6 / 19.0).margin(35));
}

TEST_CASE("hard negatives are drawn one time in two") {
  const auto n = some_negatives();
  const NegativeWindows windows(n, {"marmalade", "toast"}, n->features, frames, still());
  REQUIRE(windows.runs() == 2);
  const std::vector<NegativePosition> hard{{1, 4}};  // noise, so that draws can be counted
  std::vector<float> drawn(frames * n->features.coefficients);
  int noises = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    Random random{2, i};
    noises += windows.draw(random, drawn, hard) ? 0 : 1;
  }
  // One half, and six of eight of the other half.
  REQUIRE(noises == Approx(400 * 0.875).margin(30));
}

TEST_CASE("augmented negatives stay whole numbers within their range") {
  const auto n = some_negatives();
  const NegativeWindows windows(n, {"marmalade"}, n->features, frames, AugmentOptions{});
  std::vector<float> drawn(frames * n->features.coefficients);
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random{3, i};
    windows.draw(random, drawn);
    windows.surround(random, 6, 12, drawn);
    for (const float value : drawn) {
      REQUIRE(std::abs(value) <= 127.0F);
      REQUIRE(value == std::round(value));
    }
  }
}

TEST_CASE("speech around a word leaves the word as it is") {
  const auto n = some_negatives();
  AugmentOptions neighbours = still();
  neighbours.neighbour_chance = 1;
  const NegativeWindows windows(n, {"marmalade"}, n->features, frames, neighbours);
  const std::size_t width = n->features.coefficients;
  const std::vector<std::int8_t> word = features_of(n->features, hum(1, 300, 0.2));
  const std::vector<float> before(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(frames * width));
  int changed = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    std::vector<float> window = before;
    Random random{4, i};
    windows.surround(random, 10, 14, window);
    REQUIRE(std::equal(before.begin() + 10 * 32, before.begin() + 14 * 32, window.begin() + 10 * 32));
    changed += window != before ? 1 : 0;
  }
  REQUIRE(changed > 10);
  REQUIRE(changed < 100);
}

TEST_CASE("negatives of another base, and none that remain, are errors") {
  const auto n = some_negatives();
  FeatureParams other = n->features;
  other.scale[3] *= 2;
  const auto kind_of = [](auto&& made) {
    try {
      made();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  REQUIRE(kind_of([&] { NegativeWindows(n, {}, other, frames, still()); }) == ErrorKind::usage);
  const auto said = std::make_shared<Negatives>(*n);
  for (NegativeRun& run : said->runs) {
    run.text = "toast";
  }
  REQUIRE(kind_of([&] { NegativeWindows(said, {"toast"}, n->features, frames, still()); }) ==
          ErrorKind::bad_data);
}

TEST_CASE("a share of the unknown class is negatives, on any number of threads") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes", "no", "tree"}, 10);
  DataOptions data;
  data.words = {folder.path() / "data"};
  data.keywords = {"yes", "no"};
  data.cache = folder.path() / "cache";
  const Dataset dataset(data);
  BatchOptions options;
  options.batch_size = 64;
  options.frames = static_cast<int>(frames);
  options.augment = still();
  options.augment.spec_chance = options.augment.room_chance = options.augment.clip_chance = 0;
  options.negatives = some_negatives();
  options.mix.negative_share = 1;
  const auto batch_with = [&](unsigned threads) {
    options.threads = threads;
    Batcher batcher(dataset, options.negatives->features, options);
    REQUIRE(batcher.negatives() != nullptr);
    batcher.begin_epoch(0);
    return batcher.next();
  };
  const Batch batch = batch_with(1);
  REQUIRE(batch_with(3).features == batch.features);
  int unknown = 0;
  for (std::size_t i = 0; i < batch.size; ++i) {
    const bool keyword = batch.labels[i] < dataset.unknown_label();
    REQUIRE(keyword == (batch.words[i] >= 0));  // no window of the word "tree"
    unknown += batch.labels[i] == dataset.unknown_label() ? 1 : 0;
  }
  REQUIRE(unknown > 5);
  options.mix.negative_share = 0;
  const Batcher without(dataset, options.negatives->features, options);
  REQUIRE(without.negatives() == nullptr);
}

TEST_CASE("the held-out quarter of the negatives shares no transcript with the rest") {
  Negatives n;
  n.collections = {{"talk", "CC0", 8}, {"rooms", "CC0", 2}};
  for (int i = 0; i < 800; ++i) {
    n.runs.push_back({0, NegativeKind::plain, "sentence " + std::to_string(i / 2), 0, 1});
  }
  for (int i = 0; i < 200; ++i) {
    n.runs.push_back({1, NegativeKind::noise, "", 0, 1});
  }
  const NegativeParts parts = split_negatives(n);
  REQUIRE(parts.training->runs.size() + parts.held_out->runs.size() == n.runs.size());
  REQUIRE(parts.held_out->runs.size() == Approx(250).margin(60));
  std::map<std::string, int> found;
  for (const NegativeRun& run : parts.training->runs) {
    found[run.text] |= 1;
  }
  for (const NegativeRun& run : parts.held_out->runs) {
    found[run.text] |= 2;
  }
  REQUIRE(std::count_if(found.begin(), found.end(), [](const auto& f) { return f.second == 3; }) == 1);  // ""
  REQUIRE(parts.training->collections[0].hours == 8);
  const auto talk = std::count_if(parts.held_out->runs.begin(), parts.held_out->runs.end(),
                                  [](const NegativeRun& run) { return run.collection == 0; });
  REQUIRE(parts.held_out->collections[0].hours == Approx(8.0 * static_cast<double>(talk) / 800));
  REQUIRE(parts.held_out->collections[1].hours == Approx(0.5));
}
