// Runs the negatives through a model: the number of false accepts at a threshold. Thread: one.
#pragma once

#include <span>

#include "app/enroll/negatives.h"
#include "app/eval/stream_score.h"

namespace kwsd {

/// Two ways to count, of which neither may have more false accepts an hour than wanted.
struct NegativeStreams {
  LabelledStream plain;  ///< the runs drawn at random: over their own length
  LabelledStream all;    ///< also the hard runs; over the length that was searched
};

/// Runs follow one another 2 s apart, so that none influences the next.
class NegativeTimeline {
 public:
  explicit NegativeTimeline(const FeatureParams& features) : features_(features) {}
  /// Sample of the stream at which frame `frame` (from 1) of the present run ends.
  [[nodiscard]] std::int64_t end_sample(std::int64_t frame) const noexcept;
  void next_run(const NegativeRun& run) noexcept;

 private:
  const FeatureParams& features_;
  std::int64_t start_ = 0, next_ = 0;
};

/// Samples that count for `plain` and for `all`: the lengths that rates refer to.
struct NegativeLengths {
  std::int64_t plain = 0, all = 0;
};
[[nodiscard]] NegativeLengths lengths_of(const Negatives& negatives,
                                         std::span<const NegativeRun* const> runs);

/// The length that all of `runs` stand for.
[[nodiscard]] double hours_of(const Negatives& negatives, std::span<const NegativeRun* const> runs);

/// Passes the runs through every branch. Throws Error (usage) if the model's features differ.
[[nodiscard]] NegativeStreams classify_negatives(const Network& network, const Negatives& negatives,
                                                 std::span<const NegativeRun* const> runs);

}  // namespace kwsd
