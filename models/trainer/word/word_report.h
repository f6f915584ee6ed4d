// The report of a word's training: one HTML file without anything from elsewhere. Thread: any, pure but for
// the recordings that it reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/eval/clip_score.h"
#include "models/trainer/calibrate/calibration.h"

namespace kwsd::train {

/// One recording, and what the models make of it.
struct ScoredClip {
  std::filesystem::path path;
  std::string kind;                 ///< "recording", "missed before", "false accept before"
  bool is_word = true;              ///< whether a detection is right
  bool trained = true;              ///< whether the net was trained on it
  std::optional<ClipScore> before;  ///< of the model that was there before
  ClipScore now;
};

struct WordReport {
  std::string word, name;
  std::size_t recordings = 0, voices = 0;
  CalibrationReport calibration;
  float threshold = 0;             ///< of the full branch
  std::string training_log;        ///< tab-separated, as kwsd-train train writes it
  std::vector<ScoredClip> clips;   ///< recordings and mistakes
  std::vector<std::string> notes;  ///< warnings of the run: what was skipped, and why
  std::string counted_on;          ///< what false accepts were counted on
  std::string recipe;              ///< the options of the run, a line each
};

[[nodiscard]] std::string report_html(const WordReport& report);
/// The model's card, Markdown.
[[nodiscard]] std::string card_text(const WordReport& report);
/// Of the clips of one kind: "12 of 14 right, 9 before".
[[nodiscard]] std::string right_of(const std::vector<ScoredClip>& clips, const std::string& kind);

}  // namespace kwsd::train
