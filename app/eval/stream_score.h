// A model's quality on a stream: hits, misses and false accepts for any thresholds, from one pass through the
// network. Thread: any, pure; classify_stream may take minutes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/detect/detector.h"
#include "engine/spotter/feature_stream.h"
#include "engine/spotter/posterior_stream.h"

namespace kwsd {

/// A keyword that is spoken in a stream.
struct SpokenWord {
  std::int64_t start_sample = 0;
  std::int64_t end_sample = 0;
  int label = 0;  ///< index into the model's labels
};

/// The posteriors of all windows of a stream.
struct StreamPosteriors {
  std::vector<std::int64_t> end_samples;                    // [windows]
  std::array<std::vector<float>, branch_count> posteriors;  // [windows][labels] each
  std::int64_t samples = 0;                                 // of the stream
};

/// A classified stream, and the keywords spoken in it (ordered by start).
struct LabelledStream {
  StreamPosteriors windows;
  std::vector<SpokenWord> words;
};

/// Every branch on every window (of a streaming model: every step), as `kwsd run` computes them. Posteriors
/// that a branch does not have yet, because it still looks ahead, are 0. Thread: one.
class StreamClassifier {
 public:
  explicit StreamClassifier(const Network& network);  ///< `network` must outlive it
  /// The next samples, 16 kHz.
  void push(std::span<const float> samples);
  /// The result for all samples pushed so far. The classifier cannot be used afterwards.
  [[nodiscard]] StreamPosteriors take() { return std::move(out_); }
  /// Bytes that the posteriors take up so far.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  void take_posteriors();

  const Model& model_;
  FeatureStream features_;
  PosteriorStream posteriors_;
  StreamPosteriors out_;
};

/// All of a stream at once.
[[nodiscard]] StreamPosteriors classify_stream(const Network& network, std::span<const float> samples);

/// Counts of one keyword.
struct KeywordScore {
  std::int64_t hits = 0;
  std::int64_t misses = 0;
  std::int64_t false_accepts = 0;
  std::int64_t confusions =
      0;  ///< of the false accepts: those between a keyword's start and 0.75 s after its end
  /// Of the false accepts: those in speech outside the keywords.
  [[nodiscard]] std::int64_t in_speech() const noexcept { return false_accepts - confusions; }
  KeywordScore& operator+=(const KeywordScore& other) noexcept;
};

struct StreamScore {
  std::vector<KeywordScore> keywords;   // [labels]; all zero for labels that are no keywords
  std::vector<double> latency_seconds;  // of the hits: from the word's end to the event; < 0 before it
  std::vector<int> hit_labels;          // of the same hits
  void add(const StreamScore& other);
  /// Latencies of one keyword's hits.
  [[nodiscard]] std::vector<double> latencies_of(int label) const;
  [[nodiscard]] KeywordScore total() const noexcept;
};

/// An event hits a word of its label when it comes between the word's start and 0.75 s after its end. A word
/// is hit once; every other event is a false accept. thresholds: (labels).
[[nodiscard]] StreamScore score_stream(const Model& model, const DetectorParams& params, BranchId branch,
                                       std::span<const float> thresholds, const LabelledStream& stream);
inline constexpr double hit_margin_seconds = 0.75;

/// Scores of several streams with one threshold for all keywords, for a grid of thresholds.
struct Sweep {
  double hours = 0;                 // of all streams
  double speech_hours = 0;          // of them: outside the keywords (and the 0.75 s after each)
  std::vector<float> thresholds;    // ascending
  std::vector<StreamScore> scores;  // [thresholds]
};
[[nodiscard]] Sweep sweep_thresholds(const Model& model, const DetectorParams& params, BranchId branch,
                                     std::span<const LabelledStream> streams,
                                     std::span<const float> thresholds);
/// 0.02, 0.04 ... 0.98, then closer to 1.
[[nodiscard]] std::vector<float> threshold_grid();

/// Least miss rate at no more than `per_hour` false accepts per hour of stream, and the threshold for it.
struct OperatingPoint {
  double miss_rate = 1;
  double false_accepts_per_stream_hour = 0;
  float threshold = 1;
};
[[nodiscard]] OperatingPoint point_at(const Sweep& sweep, double per_hour);

/// Hours of a stream outside its keywords and the 0.75 s after each: where a false accept is not a confusion.
[[nodiscard]] double speech_hours(const LabelledStream& stream, double sample_rate_hz);

/// Thresholds per keyword, (labels), 1 for labels that are not keywords: as many hits as possible while all
/// keywords together stay within `per_hour` false accepts per hour of speech (stream_figures.h). No threshold
/// is below `lowest`: a level that few hours of negatives did not reach, the next hours may reach. Since
/// events of one keyword do not hold back another, each keyword is read off the sweep on its own; the budget
/// goes where it gains the most hits. `pooled`, [0, 1]: this share of a keyword's false accepts is taken from
/// the average keyword's, since a small count of its own is mostly chance.
[[nodiscard]] std::vector<float> choose_thresholds(const Model& model, const Sweep& sweep, double per_hour,
                                                   float lowest, double pooled = 0);

}  // namespace kwsd
