#include "models/trainer/data/negative_windows.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/model/error.h"

namespace kwsd::train {
namespace {

constexpr double hard_chance = 0.5;       // where hard windows are known
constexpr double noisy_chance = 0.5;      // of noise_chance: the rest is added to samples
constexpr double frames_per_ticket = 8;   // a run is drawn as often as it is long
constexpr std::int64_t shift_frames = 3;  // a hard window is drawn again up to this much earlier or later
constexpr double voice_bonus_db = 6;      // a voice nearby that does not address kwsd
constexpr double least_energy = 1e-9;     // of a window; below it is silence

double power_of_db(double db) {
  return std::pow(10.0, db / 10);
}

}  // namespace

NegativeWindows::NegativeWindows(std::shared_ptr<const Negatives> negatives,
                                 const std::vector<std::string>& keywords, const FeatureParams& features,
                                 std::size_t window_frames, const AugmentOptions& augment)
    : negatives_(std::move(negatives)), mel_(features), frames_(window_frames), augment_(augment) {
  if (!(negatives_->features == features)) {
    throw Error(ErrorKind::usage,
                "the negatives have other features than the net, expected those of the same base");
  }
  if (!augment.enabled) {
    augment_.speed = augment_.noise_chance = augment_.microphone_chance = augment_.neighbour_chance = 0;
    augment_.gain_low_db = augment_.gain_high_db = 0;
  }
  runs_ = negatives_->without(keywords);
  if (runs_.empty()) {
    throw Error(ErrorKind::bad_data, "the negatives say a keyword in every run, expected some without");
  }
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    const auto tickets =
        1 + static_cast<std::size_t>(static_cast<double>(runs_[r]->frames) / frames_per_ticket);
    auto& to = runs_[r]->kind == NegativeKind::noise ? noises_ : voices_;
    to.insert(to.end(), tickets, r);
  }
}

std::int64_t NegativeWindows::last_position(std::size_t run) const noexcept {
  const auto spare = static_cast<std::int64_t>(runs_[run]->frames) - static_cast<std::int64_t>(frames_);
  return std::max<std::int64_t>(0, spare) + reach();
}

NegativePosition NegativeWindows::draw_position(Random& random, bool voice, bool noise) const {
  const std::size_t voices = voice ? voices_.size() : 0;
  const std::size_t noises = noise ? noises_.size() : 0;
  std::size_t n = random.below(std::max<std::size_t>(1, voices + noises));
  const std::size_t run = n < voices            ? voices_[n]
                          : n < voices + noises ? noises_[n - voices]
                                                : random.below(runs_.size());
  const auto places = static_cast<std::size_t>(last_position(run) + reach() + 1);
  return {run, static_cast<std::int64_t>(random.below(places)) - reach()};
}

std::vector<NegativePosition> NegativeWindows::positions(std::size_t run, std::int64_t step) const {
  std::vector<NegativePosition> all;
  for (std::int64_t first = -reach(); first <= last_position(run); first += step) {
    all.push_back({run, first});
  }
  return all;
}

/// [frames][bands]; `tempo` > 1: faster, `warp` > 1: a shorter vocal tract. Silent outside the run.
std::vector<float> NegativeWindows::energies_at(const NegativePosition& position, double tempo,
                                                double warp) const {
  const NegativeRun& run = *runs_[position.run];
  const std::size_t width = mel_.coefficients();
  const std::size_t bands = mel_.bands();
  const auto all = negatives_->frames_of(run);
  std::vector<float> out(frames_ * bands, 0.0F);
  std::vector<float> frame(bands);
  for (std::size_t f = 0; f < frames_; ++f) {
    const double centre = static_cast<double>(frames_) / 2;
    const auto from = static_cast<std::int64_t>(std::floor(static_cast<double>(position.first) + centre +
                                                           (static_cast<double>(f) - centre) * tempo + 0.5));
    if (from < 0 || from >= static_cast<std::int64_t>(run.frames)) {
      continue;
    }
    mel_.decode(all.subspan(static_cast<std::size_t>(from) * width, width), frame);
    for (std::size_t m = 0; m < bands; ++m) {
      const double at = std::min(static_cast<double>(m) / warp, static_cast<double>(bands - 1));
      const auto low = static_cast<std::size_t>(at);
      const auto part = static_cast<float>(at - static_cast<double>(low));
      out[f * bands + m] = (1 - part) * frame[low] + part * frame[std::min(low + 1, bands - 1)];
    }
  }
  return out;
}

/// Mean energy of a frame.
double NegativeWindows::level_of(std::span<const float> energies, Part part) const {
  double sum = 0;
  for (std::size_t i = part.first * mel_.bands(); i < part.last * mel_.bands(); ++i) {
    sum += energies[i];
  }
  return sum / static_cast<double>(std::max<std::size_t>(1, part.last - part.first));
}

/// Adds another run to a part of the window, at a level.
void NegativeWindows::add(std::span<float> energies, Part part, double level, Random& random,
                          bool voice) const {
  const double tempo = std::exp(random.uniform(-augment_.speed, augment_.speed));
  const double warp = std::exp(random.uniform(-augment_.speed, augment_.speed));
  const std::vector<float> other = energies_at(draw_position(random, voice, !voice), tempo, warp);
  const double found = level_of(other, part);
  if (found < least_energy) {
    return;
  }
  const auto gain = static_cast<float>(level / found);
  for (std::size_t i = part.first * mel_.bands(); i < part.last * mel_.bands(); ++i) {
    energies[i] += gain * other[i];
  }
}

void NegativeWindows::add_noise(Random& random, double level, std::span<float> energies) const {
  const bool voice = noises_.empty() || random.chance(augment_.babble_chance);
  const double snr_db =
      random.uniform(augment_.snr_low_db, augment_.snr_high_db) + (voice ? voice_bonus_db : 0.0);
  add(energies, {0, frames_}, level * power_of_db(-snr_db), random, voice);
}

/// A microphone's response: a few slow waves over the bands.
void NegativeWindows::colour(Random& random, std::span<float> energies) const {
  std::vector<float> gains(mel_.bands());
  double waves[3];
  for (double& wave : waves) {
    wave = random.uniform(-augment_.microphone_db, augment_.microphone_db) / 2;
  }
  for (std::size_t m = 0; m < gains.size(); ++m) {
    double db = 0;
    for (std::size_t w = 0; w < 3; ++w) {
      db += waves[w] * std::cos(std::numbers::pi * static_cast<double>(w + 1) *
                                (static_cast<double>(m) + 0.5) / static_cast<double>(gains.size()));
    }
    gains[m] = static_cast<float>(power_of_db(db));
  }
  for (std::size_t i = 0; i < energies.size(); ++i) {
    energies[i] *= gains[i % gains.size()];
  }
}

void NegativeWindows::encode(std::span<const float> energies, std::span<float> out) const {
  for (std::size_t f = 0; f < frames_; ++f) {
    mel_.encode(energies.subspan(f * mel_.bands(), mel_.bands()),
                out.subspan(f * mel_.coefficients(), mel_.coefficients()));
  }
}

void NegativeWindows::window(const NegativePosition& position, std::span<float> out) const {
  const NegativeRun& run = *runs_[position.run];
  const std::size_t width = mel_.coefficients();
  const auto all = negatives_->frames_of(run);
  const std::vector<float> silence(mel_.bands(), 0.0F);
  for (std::size_t f = 0; f < frames_; ++f) {
    const std::int64_t from = position.first + static_cast<std::int64_t>(f);
    const auto to = out.subspan(f * width, width);
    if (from < 0 || from >= static_cast<std::int64_t>(run.frames)) {
      mel_.encode(silence, to);
    } else {
      std::copy_n(all.begin() + from * static_cast<std::int64_t>(width), width, to.begin());
    }
  }
}

bool NegativeWindows::draw(Random& random, std::span<float> out,
                           std::span<const NegativePosition> hard) const {
  NegativePosition position = draw_position(random, true, true);
  if (!hard.empty() && random.chance(hard_chance)) {
    position = hard[random.below(hard.size())];
    position.first += static_cast<std::int64_t>(random.below(2 * shift_frames + 1)) - shift_frames;
  }
  const double speed = augment_.speed / 2;
  std::vector<float> energies =
      energies_at(position, std::exp(random.uniform(-speed, speed)), std::exp(random.uniform(-speed, speed)));
  if (random.chance(augment_.noise_chance * noisy_chance)) {
    add_noise(random, level_of(energies, {0, frames_}), energies);
  }
  if (random.chance(augment_.microphone_chance)) {
    colour(random, energies);
  }
  const auto gain =
      static_cast<float>(power_of_db(random.uniform(augment_.gain_low_db, augment_.gain_high_db)));
  for (float& value : energies) {
    value *= gain;
  }
  encode(energies, out);
  return runs_[position.run]->kind != NegativeKind::noise;
}

void NegativeWindows::surround(Random& random, std::size_t first, std::size_t last,
                               std::span<float> out) const {
  constexpr std::size_t least_frames = 4;
  const auto gap = 2 + random.below(14);
  const bool before = random.chance(augment_.neighbour_chance / 2) && first > gap + least_frames;
  const bool after = random.chance(augment_.neighbour_chance / 2) && last + gap + least_frames < frames_;
  const bool noise = random.chance(augment_.noise_chance * noisy_chance);
  if (voices_.empty() || !(before || after || noise)) {
    return;
  }
  std::vector<float> energies(frames_ * mel_.bands());
  for (std::size_t f = 0; f < frames_; ++f) {
    mel_.decode(std::span<const float>(out).subspan(f * mel_.coefficients(), mel_.coefficients()),
                std::span(energies).subspan(f * mel_.bands(), mel_.bands()));
  }
  const double level = level_of(energies, first < last ? Part{first, last} : Part{0, frames_});
  const auto neighbour = [&](Part part) {
    add(energies, part, level * power_of_db(random.uniform(-6, 6)), random, true);
  };
  if (before) {
    neighbour({0, first - gap});
  }
  if (after) {
    neighbour({last + gap, frames_});
  }
  if (noise) {
    add_noise(random, level, energies);
  }
  encode(energies, out);
}

}  // namespace kwsd::train
