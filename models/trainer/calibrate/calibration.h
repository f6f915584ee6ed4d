// Thresholds for a wanted rate of false accepts, by running a model over streams of keywords in continuous
// speech, with the daemon's own network and detector. Thread: one (streams are classified on several).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/enroll/negatives.h"
#include "app/eval/stream_figures.h"
#include "models/trainer/data/dataset.h"

namespace kwsd::train {

/// The same words and speech once clean and once under noise.
struct Condition {
  std::string name;  ///< "clean", "10 dB"
  std::optional<double> snr_db;
};

struct CalibrationOptions {
  double per_hour = 0.5;  ///< wanted false accepts per hour of speech, all keywords together
  /// A level that few hours of negatives did not reach, the next hours may; a level that they did reach, a
  /// speaker may need.
  float lowest_threshold = 0.4F, highest_threshold = 0.9F;
  /// For single keywords: the highest threshold, if a word is known to score low.
  std::map<std::string, float> highest_of;
  double pooled = 0.5;  ///< choose_thresholds
  /// No threshold is so high that fewer than this share of a keyword's events come within this time.
  double in_time_share = 0.75, in_time_seconds = 0.4;
  std::vector<double> reported_per_hour{0.1, 0.5, 1.0};
  DetectorParams detector;
  /// In addition to the collections: no threshold is so low that these negatives have more false accepts an
  /// hour; may be null.
  std::shared_ptr<const Negatives> negatives;
  /// The words are too few to weigh hits against false accepts: a threshold is the lowest at which neither
  /// the streams nor a collection have more false accepts than wanted.
  bool few_words = false;
  /// With few_words, whether false accepts in the streams of words count, too. Not when their speech is
  /// synthetic, since a net that learnt a word from synthetic voices confuses them more than people.
  bool count_streams = true;
  std::uint64_t seed = 1;
  unsigned threads = 2;
};

/// Classified streams of one split, one per condition.
struct SplitStreams {
  std::vector<LabelledStream> streams;  // [conditions]
  StreamHours hours;                    // of one stream
  std::size_t words = 0;                // keywords in one stream
  /// Whole collections without a keyword: no threshold is so low that one of them has more false accepts an
  /// hour than wanted.
  std::vector<LabelledStream> collections;
};

/// The figures on one stream of thresholds that were chosen for a rate.
struct MeasuredPoint {
  double wanted_per_hour = 0;  ///< of speech
  StreamFigures figures;
};

struct BranchReport {
  std::vector<float> thresholds;                   // [labels], chosen
  std::vector<std::vector<MeasuredPoint>> points;  // [conditions][reported_per_hour + the chosen one, last]
  std::vector<KeywordScore> keywords;              // [labels], all conditions, chosen thresholds
  std::vector<std::pair<double, double>>
      curve;  // false accepts per hour of speech, miss rate; all conditions
};

struct CalibrationReport {
  std::string model;
  std::vector<std::string> labels;
  std::vector<Condition> conditions;
  CalibrationOptions options;
  StreamHours chosen_hours, measured_hours;  // of one stream
  std::size_t chosen_words = 0, measured_words = 0;
  std::array<BranchReport, branch_count> branches;
};

[[nodiscard]] std::vector<Condition> default_conditions();

/// The keywords of one split in the speech and noise of a split, mixed and classified. Throws Error
/// (bad_data) when there is no keyword or no speech.
[[nodiscard]] SplitStreams classify_split(const Network& network, const Dataset& dataset, Split words,
                                          const std::vector<Split>& sound,
                                          const std::vector<Condition>& conditions,
                                          const CalibrationOptions& options);

/// The data set's collections, classified.
[[nodiscard]] std::vector<LabelledStream> classify_collections(const Network& network, const Dataset& dataset,
                                                               const CalibrationOptions& options);

/// Chooses thresholds on `choose` and measures them on `measure`: never the same speakers.
[[nodiscard]] CalibrationReport calibrate(const Model& model, const SplitStreams& choose,
                                          const SplitStreams& measure,
                                          const std::vector<Condition>& conditions,
                                          const CalibrationOptions& options);

/// A readable table, JSON, and the curve of the three branches.
[[nodiscard]] std::string report_text(const CalibrationReport& report);
[[nodiscard]] std::string report_json(const CalibrationReport& report);
[[nodiscard]] std::string report_svg(const CalibrationReport& report);

}  // namespace kwsd::train
