// The shipped base, a few of the shipped negatives, and words of tones, for the tests of enrolling.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "app/enroll/enroll.h"
#include "engine/model/model_file.h"

namespace kwsd {

inline std::shared_ptr<const Model> shipped_base() {
  return std::make_shared<const Model>(load_model(KWSD_SOURCE "/models/base.kwsm"));
}

/// One of so many of the shipped runs: enough for a test, quick to embed.
inline Negatives few_negatives(std::size_t one_of = 40) {
  const Negatives all = load_negatives(KWSD_SOURCE "/models/negatives.kwsn");
  Negatives some;
  some.features = all.features;
  some.collections = all.collections;
  for (std::size_t i = 0; i < all.runs.size(); i += one_of) {
    NegativeRun run = all.runs[i];
    const auto frames = all.frames_of(run);
    run.first_frame = some.frames.size() / some.features.coefficients;
    some.frames.insert(some.frames.end(), frames.begin(), frames.end());
    some.runs.push_back(run);
  }
  for (NegativeCollection& collection : some.collections) {
    collection.hours /= static_cast<double>(one_of);
  }
  return some;
}

/// A "word" of three gliding tones with overtones; `way` chooses which, `shift` changes the pitch.
inline std::vector<float> tones(const std::array<double, 4>& way, double shift) {
  std::vector<float> samples(16000, 0.0F);
  double phase = 0;
  for (std::size_t i = 4000; i < 12000; ++i) {
    const double place = static_cast<double>(i - 4000) / 8000 * 3;
    const auto part = static_cast<std::size_t>(place);
    const double hz = shift * (way[part] + (place - static_cast<double>(part)) * (way[part + 1] - way[part]));
    phase += 2 * 3.14159265358979 * hz / 16000;
    samples[i] =
        static_cast<float>(0.1 * (std::sin(phase) + 0.5 * std::sin(2 * phase) + 0.3 * std::sin(3 * phase)));
  }
  return samples;
}

inline constexpr std::array<double, 4> rising{300, 500, 1400, 2200}, falling{2400, 900, 700, 350};

inline std::vector<EnrollClip> rising_clips() {
  std::vector<EnrollClip> clips;
  for (const double shift : {0.94, 0.97, 1.0, 1.03}) {
    clips.push_back({"rising", tones(rising, shift)});
  }
  return clips;
}

}  // namespace kwsd
