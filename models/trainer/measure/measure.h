// A net's misses and false accepts, on words of speakers outside its training data and on whole collections,
// under the conditions that devices cause. Thread: one (streams are classified on several).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/eval/stream_score.h"
#include "models/trainer/data/dataset.h"
#include "models/trainer/data/degrade.h"

namespace kwsd::train {

/// Samples (16 kHz) -> posteriors of all three branches.
using Classify = std::function<StreamPosteriors(std::span<const float>)>;

struct MeasureOptions {
  Split words = Split::validation;    ///< whose words are missed or found
  std::vector<double> snr_db{10, 5};  ///< of the words, in addition to clean
  std::vector<Degradation> conditions{Degradation::none};
  bool music = false;  ///< also under music at 10 dB (the data set's noise)
  std::vector<double> per_hour{0.5, 1, 2, 5,
                               10};  ///< false accepts on the worst collection, one threshold for all
  double noise_floor_db = -60;       ///< pink noise under the speech, except in digital silence
  std::uint64_t seed = 1;
  unsigned threads = 1;
};

/// Misses of one condition, per branch.
struct WordFigures {
  std::string condition;  ///< "clean", "10 dB", "gated" ...
  std::int64_t words = 0;
  std::array<std::int64_t, branch_count> missed{}, confused{};
  std::array<double, branch_count> latency_median{}, latency_95{};  ///< seconds
};

/// False accepts of one collection under one condition, per branch.
struct CollectionFigures {
  std::string collection, condition;
  double hours = 0;
  std::array<std::int64_t, branch_count> false_accepts{};
};

/// One threshold for all keywords: the lowest with which no collection has more false accepts an hour
/// (unmodified).
struct EqualPoint {
  double per_hour = 0;  ///< wanted
  std::array<float, branch_count> threshold{};
  std::array<std::string, branch_count> worst;        ///< collection
  std::array<double, branch_count> worst_per_hour{};  ///< its rate there
  std::array<std::vector<double>, branch_count>
      missed;  ///< share, as in MeasureReport::words of "clean" and the SNRs
};

struct MeasureReport {
  std::string model;
  std::vector<WordFigures> words;
  std::vector<CollectionFigures> collections;
  std::vector<EqualPoint> points;
};

/// With the thresholds of `model`, and with one for all. `model` provides labels and thresholds.
[[nodiscard]] MeasureReport measure(const Model& model, const DetectorParams& detector,
                                    const Classify& classify, const Dataset& dataset,
                                    const MeasureOptions& options);

/// Readable tables, and JSON with every figure in them.
[[nodiscard]] std::string report_text(const MeasureReport& report);
[[nodiscard]] std::string report_json(const MeasureReport& report);

/// The report of which `json` was written. `name` is the file, for errors. Throws Error (bad_data).
[[nodiscard]] MeasureReport report_from_json(const std::string& json, const std::string& name);

}  // namespace kwsd::train
