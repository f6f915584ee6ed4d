// One training window: its sound, the position in the window, and the effects applied. Thread: const, any.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "app/base/random.h"
#include "models/trainer/data/dataset.h"

namespace kwsd::train {

/// Probabilities in [0, 1], levels in dB. The defaults are meant for speakers and rooms outside the training
/// data.
struct AugmentOptions {
  bool enabled = true;          ///< false: the clip centred in the window, nothing else (evaluation)
  double speed = 0.15;          ///< resampled by up to this fraction: speed, pitch and formants
  double stretch_chance = 0.2;  ///< time stretch at the same pitch ...
  double stretch = 0.2;         ///< ... by up to this fraction
  double gain_low_db = -30, gain_high_db = 6;
  double noise_chance = 0.75;
  double snr_low_db = 0, snr_high_db = 40;
  double babble_chance = 0.2;     ///< of the noises: other speech
  double coloured_chance = 0.15;  ///< of the noises: white or pink
  double room_chance = 0.4;
  double microphone_chance = 0.4;
  double microphone_db = 9;
  double clip_chance = 0.05;      ///< overdriven by up to 12 dB
  double neighbour_chance = 0.2;  ///< other speech at an edge of the window, for each of both
  double spec_chance = 0.6;
  int spec_frames = 6;  ///< SpecAugment: widest mask in time ...
  int spec_bands = 5;   ///< ... and over coefficients
};

/// How often each label is drawn, and the sound of "unknown".
struct MixOptions {
  double keyword_balance = 0.75;  ///< 0: as often as it was recorded; 1: all keywords alike
  double own_share = 0;           ///< of a keyword's windows: at least this share not of training_words
  double unknown_share = 2.5;     ///< windows of unknown per window of an average keyword
  double silence_share = 0.8;
  double speech_share = 0.35;    ///< of unknown: windows of continuous speech
  double fragment_share = 0.15;  ///< of unknown: two pieces of words
  double partial_share = 0.08;   ///< of unknown: less than 40 % of a keyword
  double hard_share = 0;         ///< of unknown: speech and noise that the net takes for a keyword
  double negative_share = 0;     ///< of unknown: windows of the file of negatives, where there is one
};

/// Windows that the net being trained takes for a keyword, but that contain none.
struct HardWindow {
  std::vector<std::int16_t> samples;  ///< the window, with the sound before and after it
  bool noise = false;                 ///< no voice in it
};

struct Window {
  int label = 0;
  int word = -1;  ///< index into Dataset::words(); -1: none
  Extent spoken;  ///< samples of the window; empty: nothing is spoken, or all of it
};

class RoomBank;

class WindowMaker {
 public:
  /// `dataset` must outlive it. window_samples: usually 16000.
  WindowMaker(const Dataset& dataset, const AugmentOptions& augment, const MixOptions& mix,
              int window_samples, std::uint64_t seed);
  ~WindowMaker();

  /// Draws a training window: fills `out` (window_samples, within [-1, 1]). hard: the source for hard_share.
  Window draw(Random& random, std::span<float> out, std::span<const HardWindow> hard = {}) const;
  /// The same in two steps: draw_label(), then a window of that label.
  [[nodiscard]] int draw_label(Random& random) const;
  Window draw(int label, Random& random, std::span<float> out, std::span<const HardWindow> hard = {}) const;

  /// Evaluation: the clip as `kwsd eval --data` fits it into the window (engine/audio/fit_window.h).
  static Window evaluate(const Clip& clip, std::span<float> out);
  /// Silence number i of a split: noise at a level fixed by i; the first is digital silence.
  Window silence(Split split, std::size_t i, std::span<float> out) const;

  /// Windows of an epoch that shows every training clip about once.
  [[nodiscard]] std::size_t epoch_windows() const noexcept { return epoch_windows_; }

 private:
  void prepare_shares(const MixOptions& mix);
  const Clip& draw_clip(int label, Random& random) const;
  Extent place(const Clip& clip, double visible, Random& random, std::span<float> out) const;
  void add_neighbour(Extent spoken, Random& random, std::span<float> out) const;
  Window draw_unknown(Random& random, std::span<float> out, Extent& spoken,
                      std::span<const HardWindow> hard) const;
  void add_speech(Random& random, std::span<float> out, float gain) const;
  void add_hard(const HardWindow& hard, Random& random, std::span<float> out) const;
  void add_noise(Extent spoken, Random& random, std::span<float> out) const;
  void fill_noise(const std::vector<Stretch>& noises, double most_speed, Random& random,
                  std::span<float> out) const;

  const Dataset& dataset_;
  AugmentOptions augment_;
  MixOptions mix_;
  std::unique_ptr<RoomBank> rooms_;
  std::vector<std::vector<const Clip*>> by_label_;         // [labels], silence empty
  std::vector<std::vector<const Clip*>> own_by_label_;     // [labels], those not of training_words
  std::vector<std::vector<const Clip*>> unknown_by_word_;  // [words that are no keywords]
  std::vector<double> label_shares_;                       // [labels], cumulative, last = 1
  std::size_t epoch_windows_ = 0;
};

}  // namespace kwsd::train
