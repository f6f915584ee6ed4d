// Training windows out of the file of negatives (app/enroll/negatives.h), which holds features and no sound:
// they are moved, warped, filtered, mixed and made louder or quieter as energies of mel bands. Thread: const,
// any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/base/random.h"
#include "app/enroll/negatives.h"
#include "models/trainer/data/mel_energies.h"
#include "models/trainer/data/window_maker.h"

namespace kwsd::train {

/// A window of one run: its first frame is `first`, counted from the run's; it may begin before and end after
/// the run.
struct NegativePosition {
  std::size_t run = 0;  ///< of NegativeWindows
  std::int64_t first = 0;
};

class NegativeWindows {
 public:
  /// Of the runs in which none of `keywords` is said. Throws Error: usage if the features are others than
  /// `features`, bad_data if no run is left.
  NegativeWindows(std::shared_ptr<const Negatives> negatives, const std::vector<std::string>& keywords,
                  const FeatureParams& features, std::size_t window_frames, const AugmentOptions& augment);

  /// Draws a window, from `hard` one time in two where there are some: fills `out` ([frames][coefficients],
  /// whole numbers in [-127, 127]). Returns whether a voice may be in it.
  bool draw(Random& random, std::span<float> out, std::span<const NegativePosition> hard = {}) const;
  /// The window as it is; frames outside the run are silent.
  void window(const NegativePosition& position, std::span<float> out) const;

  /// Lays runs under a window of another sound, whose frames [first, last) are the spoken ones: other speech
  /// before and after them, and speech or noise under all.
  void surround(Random& random, std::size_t first, std::size_t last, std::span<float> out) const;

  [[nodiscard]] std::size_t runs() const noexcept { return runs_.size(); }
  /// The windows of a run, `step` frames apart, from a quarter of a window before to a quarter after.
  [[nodiscard]] std::vector<NegativePosition> positions(std::size_t run, std::int64_t step) const;

 private:
  /// Frames [first, last) of a window.
  struct Part {
    std::size_t first, last;
  };
  [[nodiscard]] NegativePosition draw_position(Random& random, bool voice, bool noise) const;
  [[nodiscard]] std::int64_t reach() const noexcept { return static_cast<std::int64_t>(frames_) / 4; }
  /// The last position of a run; the first is -reach().
  [[nodiscard]] std::int64_t last_position(std::size_t run) const noexcept;
  [[nodiscard]] std::vector<float> energies_at(const NegativePosition& position, double tempo,
                                               double warp) const;
  void add(std::span<float> energies, Part part, double level, Random& random, bool voice) const;
  void add_noise(Random& random, double level, std::span<float> energies) const;
  void colour(Random& random, std::span<float> energies) const;
  [[nodiscard]] double level_of(std::span<const float> energies, Part part) const;
  void encode(std::span<const float> energies, std::span<float> out) const;

  std::shared_ptr<const Negatives> negatives_;
  MelEnergies mel_;
  std::size_t frames_;
  AugmentOptions augment_;
  std::vector<const NegativeRun*> runs_;
  std::vector<std::size_t> voices_, noises_;  // indices into runs_, as often as the run has windows to draw
};

}  // namespace kwsd::train
