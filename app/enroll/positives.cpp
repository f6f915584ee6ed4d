#include "app/enroll/positives.h"

#include <algorithm>
#include <cmath>

#include "app/audio/pcm16.h"
#include "app/base/random.h"
#include "engine/audio/endpoints.h"
#include "engine/spotter/feature_stream.h"

namespace kwsd {
namespace {

constexpr std::size_t before_samples = 19200, after_samples = 9600;  // of silence
constexpr float silence_level = 1e-4F;                               // -80 dB
constexpr int late_frames = 12;  // a window ends at the end of the word, or up to 0.3 s later

float rms(std::span<const float> samples) {
  double squares = 0;
  for (const float sample : samples) {
    squares += static_cast<double>(sample) * static_cast<double>(sample);
  }
  return static_cast<float>(std::sqrt(squares / std::max<double>(1, static_cast<double>(samples.size()))));
}

/// The word between silences, and its position.
struct Sound {
  std::vector<float> samples;
  double begin = 0, end = 0;  // of the word, samples
};

Sound between_silences(std::span<const float> clip, double speed, Random& random) {
  const Extent word = find_word(to_pcm16(clip));
  Sound sound;
  sound.samples.resize(before_samples + static_cast<std::size_t>(static_cast<double>(clip.size()) / speed) +
                       after_samples);
  for (float& sample : sound.samples) {
    sample = silence_level * static_cast<float>(random.normal());
  }
  for (std::size_t i = before_samples; i + after_samples < sound.samples.size(); ++i) {
    const double at = static_cast<double>(i - before_samples) * speed;
    const auto whole = static_cast<std::size_t>(at);
    if (whole + 1 < clip.size()) {
      const auto part = static_cast<float>(at - static_cast<double>(whole));
      sound.samples[i] += (1 - part) * clip[whole] + part * clip[whole + 1];
    }
  }
  sound.begin = static_cast<double>(before_samples) + word.begin / speed;
  sound.end = static_cast<double>(before_samples) + word.end / speed;
  return sound;
}

/// Pink noise (three one-pole filters, Kellet's) `snr_db` below the word.
void add_noise(Sound& sound, double snr_db, Random& random) {
  const auto first = static_cast<std::size_t>(sound.begin);
  const float level =
      rms(std::span(sound.samples).subspan(first, static_cast<std::size_t>(sound.end - sound.begin)));
  std::vector<float> noise(sound.samples.size());
  float a = 0, b = 0, c = 0;
  for (float& sample : noise) {
    const auto white = static_cast<float>(random.normal());
    a = 0.99765F * a + 0.0990460F * white;
    b = 0.96300F * b + 0.2965164F * white;
    c = 0.57000F * c + 1.0526913F * white;
    sample = a + b + c + 0.1848F * white;
  }
  const float gain = level * static_cast<float>(std::pow(10, -snr_db / 20)) / std::max(rms(noise), 1e-9F);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    sound.samples[i] += gain * noise[i];
  }
}

/// Replaces frames [from, to) by other people's: the run's last ones or its first.
void put_talk(std::vector<std::int8_t>& frames, std::size_t width, std::size_t from, std::size_t to,
              bool last, std::span<const std::int8_t> run) {
  const std::size_t count = std::min(to - from, run.size() / width);
  const auto source = last ? run.last(count * width) : run.first(count * width);
  const std::size_t at = last ? to - count : from;
  std::copy(source.begin(), source.end(), frames.begin() + static_cast<std::ptrdiff_t>(at * width));
}

}  // namespace

std::vector<std::int8_t> frames_of(const std::shared_ptr<const MfccTables>& features,
                                   std::span<const float> samples) {
  FeatureStream stream(features);
  std::vector<std::int8_t> frames;
  stream.push(samples, [&frames](std::span<const std::int8_t> frame) {
    frames.insert(frames.end(), frame.begin(), frame.end());
  });
  return frames;
}

std::vector<std::int8_t> plain_frames(const std::shared_ptr<const MfccTables>& features,
                                      std::span<const float> clip) {
  Random random(1);
  return frames_of(features, between_silences(clip, 1, random).samples);
}

std::vector<std::int64_t> Variation::ends(int hop_frames) const {
  std::vector<std::int64_t> out;
  for (std::int64_t end = 1; end <= last + late_frames; end += hop_frames) {
    if (end >= last) {
      out.push_back(end);
    }
  }
  return out;
}

std::vector<Variation> variations_of(const std::shared_ptr<const MfccTables>& features,
                                     std::span<const float> clip, const Negatives& negatives,
                                     std::span<const NegativeRun* const> talk, std::uint64_t seed) {
  const FeatureParams& p = negatives.features;
  std::vector<Variation> out;
  for (const double speed : {0.86, 0.93, 1.0, 1.07, 1.15}) {
    for (const double snr_db : {60.0, 20.0, 12.0, 4.0}) {
      Random random{seed, static_cast<std::uint64_t>(out.size())};
      Sound sound = between_silences(clip, speed, random);
      if (snr_db < 60) {
        add_noise(sound, snr_db, random);
      }
      const auto gain = static_cast<float>(std::pow(10, random.uniform(-14, 3) / 20));
      std::transform(sound.samples.begin(), sound.samples.end(), sound.samples.begin(),
                     [gain](float v) { return std::clamp(v * gain, -1.0F, 1.0F); });
      Variation variation;
      variation.frames = frames_of(features, sound.samples);
      const std::size_t total = variation.frames.size() / p.coefficients;
      const auto first = static_cast<std::int64_t>(sound.begin / p.hop_samples);
      variation.last = static_cast<std::int64_t>((sound.end - p.frame_samples) / p.hop_samples) + 1;
      if (out.size() % 2 == 1 && !talk.empty()) {
        const auto margin = static_cast<std::int64_t>(3);
        put_talk(variation.frames, p.coefficients, 0,
                 static_cast<std::size_t>(std::max<std::int64_t>(0, first - margin)), true,
                 negatives.frames_of(*talk[random.below(talk.size())]));
        put_talk(variation.frames, p.coefficients,
                 std::min(total, static_cast<std::size_t>(variation.last + margin)), total, false,
                 negatives.frames_of(*talk[random.below(talk.size())]));
      }
      out.push_back(std::move(variation));
    }
  }
  return out;
}

}  // namespace kwsd
