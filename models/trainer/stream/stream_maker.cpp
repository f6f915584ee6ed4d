#include "models/trainer/stream/stream_maker.h"

#include <algorithm>
#include <cmath>

#include "models/trainer/data/degrade.h"
#include "models/trainer/data/effects.h"
#include "models/trainer/data/rate.h"
#include "models/trainer/data/room.h"

namespace kwsd::train {
namespace {

constexpr std::size_t stream_room_count = 96;
constexpr double stream_noise_speed = 0.3;
constexpr float speech_rms = 0.05F;    // speech is brought to about this level
constexpr double level_db = 5;         // ... and is up to this much louder or fainter
constexpr float noise_floor_db = -70;  // under the speech where no noise is added

/// Draws by weight: cumulative, the last is the sum.
std::size_t draw_by(const std::vector<double>& cumulative, Random& random) {
  const double u = random.uniform() * cumulative.back();
  const auto found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, u);
  return static_cast<std::size_t>(found - cumulative.begin());
}

/// Stretches by their length, a minute at most: short and long recordings are drawn alike per second.
std::vector<double> by_length(const std::vector<Stretch>& stretches) {
  std::vector<double> sums;
  double sum = 0;
  for (const Stretch& s : stretches) {
    sums.push_back(sum += std::min(static_cast<double>(s.samples.size()), 60.0 * sample_rate_hz));
  }
  return sums;
}

float level_of(std::span<const std::int16_t> x) {
  double sum = 0;
  for (const std::int16_t v : x) {
    sum += static_cast<double>(v) * v;
  }
  return static_cast<float>(std::sqrt(sum / static_cast<double>(std::max<std::size_t>(x.size(), 1))) /
                            32768.0);
}

}  // namespace

/// The recordings of one split, for drawing.
struct StreamMaker::Source {
  struct Keyword {
    std::vector<const Clip*> clips, cut;
  };
  std::vector<Keyword> keywords;
  std::vector<double> keyword_sums;
  std::vector<const Clip*> others;
  std::vector<std::vector<const Clip*>> other_words;
  const std::vector<Stretch>* speech = nullptr;
  const std::vector<Stretch>* noise = nullptr;
  std::vector<double> speech_sums, noise_sums;
};

/// A stream in the making, from left to right.
struct StreamMaker::Line {
  std::span<float> out;
  TrainingStream stream;
  double at = 0;  // samples: where the next piece begins
};

std::unique_ptr<StreamMaker::Source> StreamMaker::source(const Dataset& dataset, Split split,
                                                         double balance) {
  auto from = std::make_unique<Source>();
  from->keywords.resize(static_cast<std::size_t>(dataset.unknown_label()));
  std::vector<std::vector<const Clip*>> words(dataset.words().size());
  for (const Clip& clip : dataset.clips(split)) {
    if (clip.label == dataset.unknown_label()) {
      from->others.push_back(&clip);
      if (clip.word >= 0) {
        words[static_cast<std::size_t>(clip.word)].push_back(&clip);
      }
    } else if (clip.label < dataset.unknown_label()) {
      auto& keyword = from->keywords[static_cast<std::size_t>(clip.label)];
      (clip.cut ? keyword.cut : keyword.clips).push_back(&clip);
    }
  }
  std::copy_if(words.begin(), words.end(), std::back_inserter(from->other_words),
               [](const auto& clips) { return !clips.empty(); });
  double sum = 0;
  for (const auto& keyword : from->keywords) {
    const auto count = static_cast<double>(keyword.clips.size() + keyword.cut.size());
    from->keyword_sums.push_back(sum += count > 0 ? std::pow(count, 1 - balance) : 0.0);
  }
  from->speech = &dataset.speech(split);
  from->noise = &dataset.noise(split);
  from->speech_sums = by_length(*from->speech);
  from->noise_sums = by_length(*from->noise);
  return from;
}

StreamMaker::StreamMaker(const Dataset& dataset, const AugmentOptions& augment, const StreamOptions& options,
                         double keyword_balance, std::uint64_t seed)
    : dataset_(dataset),
      augment_(augment),
      options_(options),
      samples_(static_cast<std::size_t>(options.seconds * sample_rate_hz)) {
  if (augment.enabled && augment.room_chance > 0) {
    rooms_ = std::make_unique<RoomBank>(stream_room_count, static_cast<int>(samples_), seed);
  }
  for (int split = 0; split < split_count; ++split) {
    sources_.push_back(source(dataset, static_cast<Split>(split), keyword_balance));
  }
}

StreamMaker::~StreamMaker() = default;

/// Places a recording at the line's position, `spoken` of it being the word; the rest lies around it.
void StreamMaker::put(std::span<const std::int16_t> samples, Extent spoken, int label, Random& random,
                      Line& line) const {
  std::vector<std::int16_t> stretched;
  if (augment_.enabled && random.chance(augment_.stretch_chance)) {
    const double factor = 1 + random.uniform(-augment_.stretch, augment_.stretch);
    stretched = stretch(samples, factor);
    samples = stretched;
    spoken = {static_cast<std::int32_t>(spoken.begin * factor),
              static_cast<std::int32_t>(spoken.end * factor)};
  }
  const auto said =
      samples.subspan(static_cast<std::size_t>(spoken.begin),
                      static_cast<std::size_t>(std::min<std::int64_t>(
                          spoken.size(), static_cast<std::int64_t>(samples.size()) - spoken.begin)));
  const double speed = augment_.enabled ? std::exp(random.uniform(-augment_.speed, augment_.speed)) : 1.0;
  const float wanted = speech_rms * from_db(random.uniform(-level_db, level_db));
  const float gain = std::min(wanted / std::max(level_of(said), 1e-4F), 30.0F);
  add_resampled(samples, spoken.begin - line.at * speed, speed, gain, line.out);
  const double end = line.at + static_cast<double>(said.size()) / speed;
  Spoken word{static_cast<std::int32_t>(line.at), static_cast<std::int32_t>(end), label, true};
  word.whole = word.begin >= 0 && word.end <= static_cast<std::int32_t>(line.out.size());
  if (word.end > 0 && word.begin < static_cast<std::int32_t>(line.out.size())) {
    line.stream.spoken.push_back(word);
  }
  line.at = end;
}

void StreamMaker::add_keyword(const Source& from, Random& random, Line& line) const {
  const std::size_t label = draw_by(from.keyword_sums, random);
  const Source::Keyword& keyword = from.keywords[label];
  const bool cut = keyword.clips.empty() || (!keyword.cut.empty() && random.chance(options_.cut_share));
  const auto& clips = cut ? keyword.cut : keyword.clips;
  if (clips.empty()) {
    return;
  }
  const Clip& clip = *clips[random.below(clips.size())];
  Extent spoken = clip.spoken;
  std::span<const std::int16_t> samples = clip.samples;
  if (!cut && random.chance(0.5)) {  // without the room of the recording
    const auto margin = static_cast<std::int32_t>(random.uniform(800, 2400));
    const std::int32_t begin = std::max(0, spoken.begin - margin);
    const auto end = std::min<std::int32_t>(static_cast<std::int32_t>(samples.size()), spoken.end + margin);
    samples = samples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    spoken = {spoken.begin - begin, spoken.end - begin};
  }
  line.at += cut ? spoken.begin : 0;  // its neighbours also take up time
  put(samples, spoken, static_cast<int>(label), random, line);
  line.at += cut ? static_cast<double>(samples.size()) - spoken.end : 0;
}

void StreamMaker::add_word(const Source& from, Random& random, Line& line) const {
  const int unknown = dataset_.unknown_label();
  if (random.chance(options_.part_share) || from.others.empty()) {
    const Source::Keyword& keyword = from.keywords[random.below(from.keywords.size())];
    const auto& clips = keyword.clips;
    if (clips.empty()) {
      return;
    }
    const Clip& clip = *clips[random.below(clips.size())];
    const auto size = static_cast<std::int32_t>(clip.spoken.size() * random.uniform(0.2, 0.4));
    const std::int32_t begin = random.chance(0.5) ? clip.spoken.begin : clip.spoken.end - size;
    const auto part = clip.samples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
    put(part, {0, size}, unknown, random, line);
    return;
  }
  const auto& clips = random.chance(0.5) || from.other_words.empty()
                          ? from.others
                          : from.other_words[random.below(from.other_words.size())];
  const Clip& clip = *clips[random.below(clips.size())];
  put(clip.samples, clip.spoken, unknown, random, line);
}

void StreamMaker::add_speech(const Source& from, double longest, Random& random, Line& line) const {
  if (from.speech->empty()) {
    add_word(from, random, line);
    return;
  }
  const Stretch& stretch = (*from.speech)[draw_by(from.speech_sums, random)];
  const auto most = std::min(static_cast<double>(stretch.samples.size()), longest * sample_rate_hz);
  const auto size =
      static_cast<std::size_t>(std::max(std::min(6400.0, most), random.uniform(0.4, 1.0) * most));
  const std::size_t first = random.below(stretch.samples.size() - size + 1);
  put(stretch.samples.subspan(first, size), {0, static_cast<std::int32_t>(size)}, dataset_.unknown_label(),
      random, line);
}

void StreamMaker::fill(const Source& from, Random& random, Line& line) const {
  const double kind = random.uniform();
  const auto end = static_cast<double>(line.out.size());
  const double with_keywords = options_.keyword_share;
  const double speech_alone = with_keywords + options_.speech_share;
  if (kind >= 1 - options_.empty_share) {
    return;
  }
  line.at = -random.uniform(0, 0.5) * sample_rate_hz;
  const double among = random.uniform();  // speech, words or silence
  while (line.at < end) {
    if (kind < with_keywords) {
      if (random.chance(options_.keyword_items)) {
        add_keyword(from, random, line);
      } else if (among < 0.45) {
        add_speech(from, 1.5, random, line);
      } else if (among < 0.75) {
        add_word(from, random, line);
      } else {
        line.at += random.uniform(0.2, 0.8) * sample_rate_hz;
      }
    } else if (kind < speech_alone) {
      add_speech(from, 2 * options_.seconds, random, line);
    } else {
      add_word(from, random, line);
    }
    const bool close = random.chance(0.5);
    line.at += sample_rate_hz * (close ? random.uniform(0.02, 0.2) : random.uniform(0.2, 0.7));
  }
}

void StreamMaker::add_noise(const Source& from, Random& random, std::span<float> out) const {
  std::vector<float> noise(out.size(), 0.0F);
  double snr_db = random.uniform(augment_.snr_low_db, augment_.snr_high_db);
  const double kind = random.uniform();
  if (kind < augment_.babble_chance && !from.speech->empty()) {
    const std::size_t voices = 1 + random.below(3);
    for (std::size_t v = 0; v < voices; ++v) {
      const Stretch& stretch = (*from.speech)[draw_by(from.speech_sums, random)];
      add_resampled(stretch.samples, random.uniform(-16000, 1), 1.0, random.uniform_f(0.3, 1.0), noise);
    }
    snr_db += 6;
  } else if (kind < augment_.babble_chance + augment_.coloured_chance || from.noise->empty()) {
    (random.chance(0.5) ? add_white_noise : add_pink_noise)(noise, 0.1F, random);
  } else {
    std::size_t at = 0;
    while (at < noise.size()) {
      const Stretch& stretch = (*from.noise)[draw_by(from.noise_sums, random)];
      const double speed = std::exp(random.uniform(-stream_noise_speed, stream_noise_speed));
      const auto whole = static_cast<double>(stretch.samples.size());
      const double room = std::max(1.0, whole - static_cast<double>(noise.size() - at) * speed);
      const double first = random.uniform(0, room);
      add_resampled(stretch.samples, first, speed, 1.0F, std::span(noise).subspan(at));
      at += std::max<std::size_t>(1600, static_cast<std::size_t>((whole - first) / speed));
    }
  }
  const float level = rms(noise);
  const float gain = level > 0 ? speech_rms * from_db(-snr_db) / level : 0.0F;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] += gain * noise[i];
  }
}

/// The path from the mouth to the model.
void StreamMaker::hear(const Source& from, bool keywords, Random& random, std::span<float> out) const {
  if (!keywords && random.chance(options_.burst_chance)) {
    let_bursts_through(out, random);
  }
  if (rooms_ && random.chance(augment_.room_chance)) {
    rooms_->apply(random.below(rooms_->size()), out);
  }
  if (random.chance(options_.digital_silence_chance)) {
    silence_pauses(out);
  } else {
    add_pink_noise(out, speech_rms * from_db(noise_floor_db + random.uniform(0, 35)), random);
  }
  if (random.chance(augment_.noise_chance)) {
    add_noise(from, random, out);
  }
  if (random.chance(augment_.microphone_chance)) {
    microphone(out, augment_.microphone_db, random);
  }
  if (random.chance(options_.telephone_chance)) {
    telephone(out);
  }
  if (random.chance(options_.gate_chance)) {
    gate(out, random.uniform(4, 14));
  }
  scale(out, from_db(random.uniform(augment_.gain_low_db, augment_.gain_high_db)));
  if (random.chance(augment_.clip_chance)) {
    overdrive(out, random.uniform(0, 12));
  }
}

TrainingStream StreamMaker::draw(Random& random, std::span<float> out, Split split) const {
  std::fill(out.begin(), out.end(), 0.0F);
  const Source& from = *sources_[static_cast<std::size_t>(split)];
  Line line{out, {}, 0};
  fill(from, random, line);
  const bool keywords = std::any_of(line.stream.spoken.begin(), line.stream.spoken.end(),
                                    [&](const Spoken& s) { return s.label != dataset_.unknown_label(); });
  if (augment_.enabled) {
    hear(from, keywords, random, out);
  }
  for (float& v : out) {  // as a 16-bit converter does
    v = std::round(std::clamp(v * 32768.0F, -32768.0F, 32767.0F)) / 32768.0F;
  }
  return std::move(line.stream);
}

}  // namespace kwsd::train
