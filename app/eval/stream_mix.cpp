#include "app/eval/stream_mix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/base/random.h"

namespace kwsd {
namespace {

using Pcm = std::span<const std::int16_t>;

constexpr int sample_rate_hz = 16000;
constexpr std::size_t fade_samples = 80;

template <class Samples>
double level_of(const Samples& samples) {
  double sum = 0;
  for (const auto v : samples) {
    sum += static_cast<double>(v) * static_cast<double>(v);
  }
  return samples.empty() ? 0 : std::sqrt(sum / static_cast<double>(samples.size()));
}

/// RMS of the louder half of the 50 ms pieces: pauses do not count.
double speech_level(Pcm samples) {
  constexpr std::size_t piece = sample_rate_hz / 20;
  std::vector<double> levels;
  for (std::size_t at = 0; at + piece <= samples.size(); at += piece) {
    levels.push_back(level_of(samples.subspan(at, piece)));
  }
  if (levels.empty()) {
    return level_of(samples);
  }
  std::sort(levels.begin(), levels.end());
  return level_of(std::span(levels).subspan(levels.size() / 2));
}

/// Appends with faded ends, scaled.
void append(std::vector<float>& to, Pcm samples, double gain) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::size_t edge = std::min({i, samples.size() - 1 - i, fade_samples});
    to.push_back(static_cast<float>(samples[i] * gain * static_cast<double>(edge) / fade_samples));
  }
}

/// The quietest 50 ms within half a second of `wanted`.
std::size_t quiet_place(Pcm samples, std::size_t wanted) {
  constexpr std::size_t piece = sample_rate_hz / 20;
  constexpr std::size_t reach = sample_rate_hz / 2;
  const std::size_t from = wanted > reach ? wanted - reach : 0;
  const std::size_t to = std::min(samples.size(), wanted + reach);
  std::size_t best = std::min(wanted, samples.size());
  double least = -1;
  for (std::size_t at = from; at + piece <= to; at += piece / 2) {
    const double level = level_of(samples.subspan(at, piece));
    if (least < 0 || level < least) {
      least = level;
      best = at + piece / 2;
    }
  }
  return best;
}

template <class T>
std::vector<T> shuffled(std::span<const T> all, Random& random) {
  std::vector<T> out(all.begin(), all.end());
  for (std::size_t i = out.size(); i > 1; --i) {
    std::swap(out[i - 1], out[random.below(i)]);
  }
  return out;
}

class Mixer {
 public:
  explicit Mixer(const MixParams& params) : params_(params), random_{params.seed, 0x313} {}

  void speech(Pcm part, double gain) {
    append(out_.samples, part, gain);
    out_.speech_samples += static_cast<std::int64_t>(part.size());
  }

  void word(const MixWord& word) {
    constexpr std::int32_t margin = sample_rate_hz / 20;
    const std::int32_t size = static_cast<std::int32_t>(word.samples.size());
    const std::int32_t begin = std::max(0, word.spoken.begin - margin);
    const std::int32_t end = std::min(size, word.spoken.end + margin);
    const Pcm part =
        word.samples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    const double level = level_of(word.samples.subspan(static_cast<std::size_t>(word.spoken.begin),
                                                       static_cast<std::size_t>(word.spoken.size())));
    const double wanted = params_.speech_rms *
                          std::pow(10.0, random_.uniform(-params_.word_level_db, params_.word_level_db) / 20);
    pause();
    const auto start = static_cast<std::int64_t>(out_.samples.size()) + word.spoken.begin - begin;
    append(out_.samples, part, wanted / std::max(level, 1.0));
    out_.words.push_back({start, start + word.spoken.size(), word.label});
    pause();
  }

  void noise(std::span<const Pcm> noises) {
    if (!params_.snr_db || out_.samples.empty()) {
      return;
    }
    const double wanted = params_.speech_rms * std::pow(10.0, -*params_.snr_db / 20);
    std::size_t at = 0;
    while (at < out_.samples.size()) {
      at = noises.empty() ? add_white(wanted, random_)
                          : add_piece(noises[random_.below(noises.size())], wanted, at);
    }
  }

  /// Drawn separately, so that the floor does not affect any other choice of the seed.
  void floor() {
    if (params_.floor_db) {
      Random random{params_.seed, 0xF100};
      add_white(std::pow(10.0, *params_.floor_db / 20), random);
    }
  }

  MixedStream take() {
    for (float& v : out_.samples) {
      v = std::clamp(v, -1.0F, 1.0F);
    }
    return std::move(out_);
  }
  void reserve(std::size_t samples) { out_.samples.reserve(samples); }
  [[nodiscard]] Random& random() noexcept { return random_; }
  [[nodiscard]] double gain_for(Pcm piece) const {
    return params_.speech_rms / std::max(speech_level(piece), 1.0);
  }

 private:
  void pause() {
    const double seconds = random_.uniform(params_.pause_low_seconds, params_.pause_high_seconds);
    out_.samples.resize(out_.samples.size() + static_cast<std::size_t>(seconds * sample_rate_hz), 0.0F);
  }
  /// One recording of noise at the level wanted; an empty one is passed over as a second of nothing.
  std::size_t add_piece(Pcm piece, double wanted, std::size_t at) {
    const double gain = wanted / std::max(level_of(piece), 1.0);
    const std::size_t count = std::min(piece.size(), out_.samples.size() - at);
    for (std::size_t i = 0; i < count; ++i) {
      out_.samples[at + i] += static_cast<float>(piece[i] * gain);
    }
    return at + (piece.empty() ? sample_rate_hz : count);
  }
  std::size_t add_white(double rms, Random& random) {
    for (float& v : out_.samples) {
      v += static_cast<float>(rms * random.normal());
    }
    return out_.samples.size();
  }

  MixParams params_;
  Random random_;
  MixedStream out_;
};

}  // namespace

MixedStream mix_stream(std::span<const MixWord> words, std::span<const Pcm> speech,
                       std::span<const Pcm> noise, const MixParams& params) {
  Mixer mixer(params);
  const std::vector<MixWord> order = shuffled(words, mixer.random());
  const std::vector<Pcm> pieces = shuffled(speech, mixer.random());
  const std::size_t total = std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                                            [](std::size_t sum, Pcm piece) { return sum + piece.size(); });
  const auto pauses = static_cast<std::size_t>(2 * params.pause_high_seconds * sample_rate_hz) + 1;
  mixer.reserve(std::accumulate(words.begin(), words.end(), total, [&](std::size_t sum, const MixWord& word) {
    return sum + word.samples.size() + pauses;
  }));
  std::size_t next = 0;    // word
  std::size_t before = 0;  // samples of speech in earlier pieces
  for (const Pcm piece : pieces) {
    const double gain = mixer.gain_for(piece);
    std::size_t from = 0;
    while (next < order.size()) {
      const auto place = static_cast<std::size_t>(
          (static_cast<double>(next) + 0.5) * static_cast<double>(total) / static_cast<double>(order.size()));
      if (place >= before + piece.size()) {
        break;
      }
      const std::size_t to = std::max(from, quiet_place(piece, place - std::min(place, before)));
      mixer.speech(piece.subspan(from, to - from), gain);
      mixer.word(order[next++]);
      from = to;
    }
    mixer.speech(piece.subspan(from), gain);
    before += piece.size();
  }
  while (next < order.size()) {
    mixer.word(order[next++]);
  }
  mixer.noise(noise);
  mixer.floor();
  return mixer.take();
}

}  // namespace kwsd
