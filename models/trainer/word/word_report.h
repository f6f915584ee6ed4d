// The report of a word's training: one self-contained HTML file. Thread: any, pure but for the recordings
// that it reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/eval/clip_score.h"
#include "models/trainer/calibrate/calibration.h"

namespace kwsd::train {

/// One recording, and the models' scores for it.
struct ScoredClip {
  std::filesystem::path path;
  std::string kind;                 ///< "recording", "missed before", "false accept before"
  bool is_word = true;              ///< whether a detection is right
  bool trained = true;              ///< whether the net was trained on it
  std::optional<ClipScore> before;  ///< of the earlier model
  ClipScore now;
};

struct WordReport {
  std::string word, name;
  std::size_t recordings = 0, voices = 0;
  CalibrationReport calibration;
  float threshold = 0;             ///< of the full branch
  std::string training_log;        ///< tab-separated, as kwsd-train train writes it
  std::vector<ScoredClip> clips;   ///< recordings and mistakes
  std::vector<std::string> notes;  ///< warnings of the run: skipped files, and why
  std::string counted_on;          ///< the data on which false accepts were counted
  bool second_stage = false;
  std::string recipe;  ///< the options of the run, a line each
};

[[nodiscard]] std::string report_html(const WordReport& report);
/// The model's card, Markdown.
[[nodiscard]] std::string card_text(const WordReport& report);
/// Of the clips of one kind: "12 of 14 right, 9 before".
[[nodiscard]] std::string right_of(const std::vector<ScoredClip>& clips, const std::string& kind);

}  // namespace kwsd::train
