// Training streams -> quantized MFCC and the targets of each step. Does not depend on libtorch.
// Thread: const, any.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/features/feature_params.h"
#include "models/trainer/stream/stream_maker.h"

namespace kwsd::train {

/// When the steps of a causal net end. Samples.
struct StepTimes {
  std::int64_t first_end = 0;  ///< of the first step
  std::int64_t stride = 1;
  std::size_t steps = 0;
  [[nodiscard]] double end_seconds(std::size_t step) const noexcept {
    return static_cast<double>(first_end + static_cast<std::int64_t>(step) * stride) / 16000.0;
  }
};
/// The first step ends with the first frame, the others `step_frames` after the one before.
[[nodiscard]] StepTimes step_times(const FeatureParams& features, int step_frames, std::size_t samples);

/// A keyword in a stream of a batch.
struct Occurrence {
  std::size_t stream = 0;
  int label = 0;
  double begin = 0, end = 0;  ///< seconds
};

/// The loss targets derived from the positions of the words. Steps are judged by the time at which they end.
struct StepLabels {
  std::vector<Occurrence> occurrences;  ///< whole ones, with room behind them
  /// [steps]: the label of a step without a keyword, unknown in speech, silence away from it; -1: no target.
  std::vector<std::int64_t> targets;
  /// [steps]: 1 where every event would be false: outside [begin + 0.1, end + 0.75] s of each keyword.
  std::vector<float> negative;
};
[[nodiscard]] StepLabels label_steps(const TrainingStream& stream, std::size_t number, const StepTimes& times,
                                     int unknown_label, int silence_label);

struct StreamBatch {
  /// [size][frames][coefficients], whole numbers in [-127, 127]; the first frame is repeated for the time
  /// before the stream: as many copies of it come first as a step sees before its last frame.
  std::vector<float> features;
  std::vector<float> samples;         ///< [samples_of][StreamMaker::samples()]
  std::vector<std::int64_t> targets;  ///< [size][steps]
  std::vector<float> negative;        ///< [size][steps]
  std::vector<Occurrence> occurrences;
  StepTimes times;
  std::size_t size = 0, frames = 0, coefficients = 0;
  std::size_t samples_of = 0;  ///< streams whose samples are there: the first ones
};

class StreamBatcher {
 public:
  /// `maker` must outlive it. features.mean and .scale must be set. first_frames: those that one step sees.
  StreamBatcher(const StreamMaker& maker, const Dataset& dataset, const FeatureParams& features,
                const AugmentOptions& augment, int first_frames, int step_frames, std::size_t batch_size,
                std::uint64_t seed);
  /// Batch number `number` of a split; the same each time.
  [[nodiscard]] StreamBatch make(std::uint64_t number, Split split = Split::train) const;
  [[nodiscard]] const StepTimes& times() const noexcept { return times_; }
  /// Samples of the first `streams` streams of each batch come with it.
  void keep_samples(std::size_t streams) noexcept { kept_ = streams; }

 private:
  const StreamMaker& maker_;
  FeatureParams features_;
  AugmentOptions augment_;
  StepTimes times_;
  std::size_t batch_size_, copies_, frames_;
  std::size_t kept_ = 0;
  std::uint64_t seed_;
  int unknown_label_, silence_label_;
};

}  // namespace kwsd::train
