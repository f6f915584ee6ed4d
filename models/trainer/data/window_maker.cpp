#include "models/trainer/data/window_maker.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/audio/fit_window.h"
#include "models/trainer/data/effects.h"
#include "models/trainer/data/room.h"

namespace kwsd::train {
namespace {

constexpr std::size_t room_count = 192;
constexpr double noise_speed = 0.3;  // in training noises are faster or slower by up to this
constexpr float full_scale = 32768.0F;
constexpr float quietest = 0.001F;  // no gain lowers speech below -60 dBFS, the level of silence

/// RMS of the spoken part of a window; of the whole window if nothing is spoken.
float spoken_level(std::span<const float> window, Extent spoken) {
  const auto part =
      window.subspan(static_cast<std::size_t>(spoken.begin), static_cast<std::size_t>(spoken.size()));
  return std::max(rms(part.empty() ? window : part), 1e-5F);
}

Extent within(double begin, double end, std::size_t size) {
  const auto clamp = [size](double v) {
    return static_cast<std::int32_t>(std::clamp(v, 0.0, static_cast<double>(size)));
  };
  return {clamp(begin), std::max(clamp(begin), clamp(end))};
}

/// Simulates a 16-bit converter.
void quantize(std::span<float> out) {
  for (float& v : out) {
    const float steps = std::clamp(v * full_scale, -full_scale, full_scale - 1);
    v = static_cast<float>(static_cast<std::int32_t>(steps + (steps < 0 ? -0.5F : 0.5F))) / full_scale;
  }
}

}  // namespace

WindowMaker::WindowMaker(const Dataset& dataset, const AugmentOptions& augment, const MixOptions& mix,
                         int window_samples, std::uint64_t seed)
    : dataset_(dataset), augment_(augment), mix_(mix) {
  if (augment.enabled && augment.room_chance > 0) {
    rooms_ = std::make_unique<RoomBank>(room_count, window_samples, seed);
  }
  by_label_.resize(dataset.labels().size());
  own_by_label_.resize(dataset.labels().size());
  unknown_by_word_.resize(dataset.words().size());
  for (const Clip& clip : dataset.clips(Split::train)) {
    by_label_[static_cast<std::size_t>(clip.label)].push_back(&clip);
    if (!clip.added) {
      own_by_label_[static_cast<std::size_t>(clip.label)].push_back(&clip);
    }
    if (clip.label == dataset.unknown_label() && clip.word >= 0) {
      unknown_by_word_[static_cast<std::size_t>(clip.word)].push_back(&clip);
    }
  }
  std::erase_if(unknown_by_word_, [](const auto& clips) { return clips.empty(); });
  prepare_shares(mix);
}

WindowMaker::~WindowMaker() = default;

void WindowMaker::prepare_shares(const MixOptions& mix) {
  const auto unknown = static_cast<std::size_t>(dataset_.unknown_label());
  std::vector<double> shares(by_label_.size(), 0.0);
  double keywords = 0;
  std::size_t clips = 0;
  for (std::size_t label = 0; label < unknown; ++label) {
    shares[label] = std::pow(static_cast<double>(by_label_[label].size()), 1 - mix.keyword_balance);
    keywords += shares[label];
    clips += by_label_[label].size();
  }
  const double average = keywords / static_cast<double>(unknown);
  const bool has_unknown = !by_label_[unknown].empty() || !dataset_.speech(Split::train).empty();
  shares[unknown] = has_unknown ? mix.unknown_share * average : 0;
  shares[unknown + 1] = mix.silence_share * average;
  const double total = keywords + shares[unknown] + shares[unknown + 1];
  double sum = 0;
  for (const double share : shares) {
    label_shares_.push_back((sum += share) / total);
  }
  epoch_windows_ = static_cast<std::size_t>(std::lround(static_cast<double>(clips) * total / keywords));
}

int WindowMaker::draw_label(Random& random) const {
  const double u = random.uniform();
  const auto found = std::upper_bound(label_shares_.begin(), label_shares_.end() - 1, u);
  return static_cast<int>(found - label_shares_.begin());
}

const Clip& WindowMaker::draw_clip(int label, Random& random) const {
  if (label != dataset_.unknown_label()) {
    const auto& own = own_by_label_[static_cast<std::size_t>(label)];
    const bool from_own = mix_.own_share > 0 && !own.empty() && random.chance(mix_.own_share);
    const auto& clips = from_own ? own : by_label_[static_cast<std::size_t>(label)];
    return *clips[random.below(clips.size())];
  }
  // Half by clip, half by word: rare words appear often enough, and common ones do not dominate.
  const auto& all = by_label_[static_cast<std::size_t>(label)];
  const auto& some = random.chance(0.5) || unknown_by_word_.empty()
                         ? all
                         : unknown_by_word_[random.below(unknown_by_word_.size())];
  return *some[random.below(some.size())];
}

/// Adds a clip so that its spoken part lies inside the window, anywhere; `visible` < 1: that part of it only,
/// at one of the window's edges. Returns where the spoken part is.
Extent WindowMaker::place(const Clip& clip, double visible, Random& random, std::span<float> out) const {
  std::span<const std::int16_t> samples = clip.samples;
  Extent spoken = clip.spoken;
  std::vector<std::int16_t> stretched;
  if (random.chance(augment_.stretch_chance)) {
    const double factor = 1 + random.uniform(-augment_.stretch, augment_.stretch);
    stretched = stretch(samples, factor);
    samples = stretched;
    spoken = {static_cast<std::int32_t>(spoken.begin * factor),
              static_cast<std::int32_t>(spoken.end * factor)};
  }
  const double speed = std::exp(random.uniform(-augment_.speed, augment_.speed));
  const double length = spoken.size() / speed;
  const auto room = static_cast<double>(out.size()) - length;
  double begin = room >= 0 ? random.uniform(0, room) : room / 2;
  if (visible < 1) {
    begin = random.chance(0.5) ? -(1 - visible) * length : static_cast<double>(out.size()) - visible * length;
  }
  add_resampled(samples, spoken.begin - begin * speed, speed, 1.0F, out);
  return within(begin, begin + length, out.size());
}

/// In a stream the window also contains the end of the preceding sound, and the start of the following one: a
/// word, or running speech. Of a keyword it contains at most a third.
void WindowMaker::add_neighbour(Extent spoken, Random& random, std::span<float> out) const {
  const auto& clips = dataset_.clips(Split::train);
  const auto& speech = dataset_.speech(Split::train);
  for (const bool before : {true, false}) {
    const double gap = random.uniform(800, 6400);
    const double room = (before ? spoken.begin : static_cast<double>(out.size()) - spoken.end) - gap;
    if (!random.chance(augment_.neighbour_chance) || room < 800) {
      continue;
    }
    const float level = from_db(random.uniform(-6, 6));
    std::span<const std::int16_t> from;
    double most = 1;
    if (!speech.empty() && random.chance(0.5)) {
      const auto samples = speech[random.below(speech.size())].samples;
      from = samples.first(samples.size() - random.below(samples.size() / 2));
    } else {
      const Clip& clip = clips[random.below(clips.size())];
      most = clip.label == dataset_.unknown_label() ? 1.0 : 0.35;
      from = clip.samples.subspan(static_cast<std::size_t>(clip.spoken.begin),
                                  static_cast<std::size_t>(clip.spoken.size()));
    }
    const auto heard = static_cast<std::size_t>(std::min(room, most * static_cast<double>(from.size())));
    const auto at =
        static_cast<std::size_t>(before ? spoken.begin - gap - static_cast<double>(heard) : spoken.end + gap);
    add_resampled(before ? from.last(heard) : from.first(heard), 0, 1.0, level, out.subspan(at, heard));
  }
}

void WindowMaker::add_speech(Random& random, std::span<float> out, float gain) const {
  const auto& stretches = dataset_.speech(Split::train);
  if (stretches.empty()) {
    place(draw_clip(dataset_.unknown_label(), random), 1, random, out);
    return;
  }
  const Stretch& from = stretches[random.below(stretches.size())];
  const double speed = std::exp(random.uniform(-augment_.speed, augment_.speed));
  const double room =
      std::max(1.0, static_cast<double>(from.samples.size()) - static_cast<double>(out.size()) * speed);
  add_resampled(from.samples, random.uniform(0, room), speed, gain, out);
}

/// About the same window again, a little earlier or later, faster or slower.
void WindowMaker::add_hard(const HardWindow& hard, Random& random, std::span<float> out) const {
  constexpr double reach = 1200;  // samples
  const double speed = std::exp(random.uniform(-augment_.speed, augment_.speed) / 2);
  const double centre = static_cast<double>(hard.samples.size()) / 2 + random.uniform(-reach, reach);
  add_resampled(hard.samples, centre - static_cast<double>(out.size()) / 2 * speed, speed, 1.0F, out);
}

Window WindowMaker::draw_unknown(Random& random, std::span<float> out, Extent& spoken,
                                 std::span<const HardWindow> hard) const {
  if (!hard.empty() && random.chance(mix_.hard_share)) {
    const HardWindow& again = hard[random.below(hard.size())];
    add_hard(again, random, out);
    spoken = {0, static_cast<std::int32_t>(out.size())};
    return {again.noise ? dataset_.silence_label() : dataset_.unknown_label(), -1, {}};
  }
  const int label = dataset_.unknown_label();
  const bool words = !by_label_[static_cast<std::size_t>(label)].empty();
  const double kind = random.uniform();
  if (!words || (kind < mix_.speech_share && !dataset_.speech(Split::train).empty())) {
    add_speech(random, out, 1.0F);
    spoken = {0, static_cast<std::int32_t>(out.size())};
    return {label, -1, {}};
  }
  if (kind < mix_.speech_share + mix_.fragment_share) {
    const auto half = static_cast<std::size_t>(random.uniform(0.25, 0.75) * static_cast<double>(out.size()));
    place(draw_clip(label, random), 1, random, out.first(half));
    place(draw_clip(label, random), 1, random, out.subspan(half));
    spoken = {0, static_cast<std::int32_t>(out.size())};
    return {label, -1, {}};
  }
  if (kind < mix_.speech_share + mix_.fragment_share + mix_.partial_share) {
    spoken = place(draw_clip(static_cast<int>(random.below(static_cast<std::size_t>(label))), random),
                   random.uniform(0.1, 0.4), random, out);
    return {label, -1, {}};
  }
  const Clip& clip = draw_clip(label, random);
  spoken = place(clip, 1, random, out);
  return {label, clip.word, {}};
}

void WindowMaker::fill_noise(const std::vector<Stretch>& noises, double most_speed, Random& random,
                             std::span<float> out) const {
  const double kind = random.uniform();
  if (!noises.empty() && kind >= augment_.coloured_chance) {
    const Stretch& from = noises[random.below(noises.size())];
    const double speed = most_speed > 0 ? std::exp(random.uniform(-most_speed, most_speed)) : 1.0;
    const double room =
        std::max(1.0, static_cast<double>(from.samples.size()) - static_cast<double>(out.size()) * speed);
    add_resampled(from.samples, random.uniform(0, room), speed, 1.0F, out);
  } else if (kind < augment_.coloured_chance / 2) {
    add_white_noise(out, 0.1F, random);
  } else {
    add_pink_noise(out, 0.1F, random);
  }
}

void WindowMaker::add_noise(Extent spoken, Random& random, std::span<float> out) const {
  std::vector<float> noise(out.size(), 0.0F);
  double snr_db = random.uniform(augment_.snr_low_db, augment_.snr_high_db);
  const bool voices_known = !by_label_[static_cast<std::size_t>(dataset_.unknown_label())].empty() ||
                            !dataset_.speech(Split::train).empty();
  if (random.chance(augment_.babble_chance) && voices_known) {
    const std::size_t voices = 1 + random.below(3);
    for (std::size_t v = 0; v < voices; ++v) {
      add_speech(random, noise, random.uniform_f(0.3, 1.0));
    }
    snr_db += 6;  // a voice nearby that does not address kwsd
  } else {
    fill_noise(dataset_.noise(Split::train), noise_speed, random, noise);
  }
  const float level = rms(noise);
  if (level > 0) {
    const float gain = spoken_level(out, spoken) * from_db(-snr_db) / level;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] += gain * noise[i];
    }
  }
}

Window WindowMaker::draw(Random& random, std::span<float> out, std::span<const HardWindow> hard) const {
  return draw(draw_label(random), random, out, hard);
}

Window WindowMaker::draw(int label, Random& random, std::span<float> out,
                         std::span<const HardWindow> hard) const {
  std::fill(out.begin(), out.end(), 0.0F);
  Window window{label, -1, {}};
  Extent spoken;
  if (window.label == dataset_.silence_label()) {
    fill_noise(dataset_.noise(Split::train), noise_speed, random, out);
    set_level(out, from_db(random.uniform(-85, -20)));
    if (random.chance(0.05)) {
      std::fill(out.begin(), out.end(), 0.0F);
    }
    quantize(out);
    return window;
  }
  if (!augment_.enabled && !by_label_[static_cast<std::size_t>(window.label)].empty()) {
    return evaluate(draw_clip(window.label, random), out);
  }
  if (window.label == dataset_.unknown_label()) {
    window = draw_unknown(random, out, spoken, hard);
  } else {
    const Clip& clip = draw_clip(window.label, random);
    window.word = clip.word;
    spoken = place(clip, 1, random, out);
  }
  add_neighbour(spoken, random, out);
  if (rooms_ && random.chance(augment_.room_chance)) {
    rooms_->apply(random.below(rooms_->size()), out);
  }
  if (random.chance(augment_.noise_chance)) {
    add_noise(spoken, random, out);
  }
  if (random.chance(augment_.microphone_chance)) {
    microphone(out, augment_.microphone_db, random);
  }
  const float gain = from_db(random.uniform(augment_.gain_low_db, augment_.gain_high_db));
  scale(out, std::max(gain, std::min(1.0F, quietest / spoken_level(out, spoken))));
  if (random.chance(augment_.clip_chance)) {
    const float peak = std::abs(*std::max_element(
        out.begin(), out.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }));
    scale(out, peak > 0 ? from_db(random.uniform(0, 12)) / peak : 1);
  }
  quantize(out);
  window.spoken = spoken;
  return window;
}

Window WindowMaker::evaluate(const Clip& clip, std::span<float> out) {
  fit_window(clip.samples, out);
  return {clip.label, clip.word, {}};
}

Window WindowMaker::silence(Split split, std::size_t i, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  Random random{0x5117E9CE, static_cast<std::uint64_t>(split), i};
  if (i > 0) {
    fill_noise(dataset_.noise(split), 0, random, out);
    set_level(out, from_db(random.uniform(-70, -25)));
    quantize(out);
  }
  return {dataset_.silence_label(), -1, {}};
}

}  // namespace kwsd::train
