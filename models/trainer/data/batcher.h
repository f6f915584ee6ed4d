// Windows -> batches of quantized MFCC, made ahead of time on a few threads. The batches depend on the seed,
// the epoch and their number alone, never on the threads. Thread: one consumer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/features/feature_params.h"
#include "models/trainer/data/negative_windows.h"
#include "models/trainer/data/window_maker.h"

namespace kwsd::train {

struct Batch {
  /// [size][frames][coefficients], whole numbers in [-127, 127]; or samples in [-1, 1]: one frame of them.
  std::vector<float> features;
  std::vector<std::int64_t> labels;  ///< [size]
  std::vector<std::int64_t> words;   ///< [size], -1 where there is no single word
  std::size_t size = 0, frames = 0, coefficients = 0;
};

struct BatchOptions {
  std::size_t batch_size = 128;
  int frames = 41;
  bool samples = false;  ///< the windows themselves, and not their features
  std::uint64_t seed = 1;
  unsigned threads = 2;
  AugmentOptions augment;
  MixOptions mix;
  std::shared_ptr<const Negatives> negatives;  ///< for mix.negative_share; may be null
};

/// What an epoch repeats because the net takes it for a keyword.
struct HardNegatives {
  std::vector<HardWindow> sounds;
  std::vector<NegativePosition> positions;  ///< in the file of negatives
};

class Batcher {
 public:
  /// Training batches. `dataset` must outlive it. features.mean and .scale must be set (estimate_scaling).
  /// Throws as NegativeWindows does.
  Batcher(const Dataset& dataset, const FeatureParams& features, const BatchOptions& options);
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  [[nodiscard]] std::size_t batches_per_epoch() const noexcept;
  /// Starts epoch number `epoch` (0 ..); drops the rest of the previous one. hard: for hard_share and
  /// negative_share.
  void begin_epoch(std::uint64_t epoch, HardNegatives hard = {});
  /// The next batch of the epoch, all of them full. Rethrows a worker's exception.
  [[nodiscard]] Batch next();

  /// All clips of a split as they are, centred; where none of them is silence, then silence, as many windows
  /// as the average keyword has clips. The last batch may be smaller.
  [[nodiscard]] std::vector<Batch> evaluation(Split split) const;

  [[nodiscard]] const FeatureParams& features() const noexcept { return features_; }
  [[nodiscard]] const WindowMaker& windows() const noexcept { return maker_; }
  /// Null without a file of negatives, or with a share of 0.
  [[nodiscard]] const NegativeWindows* negatives() const noexcept { return negatives_.get(); }

 private:
  struct Slot;
  void work();
  [[nodiscard]] Batch make(std::uint64_t epoch, std::size_t number, const HardNegatives& hard) const;

  const Dataset& dataset_;
  FeatureParams features_;
  BatchOptions options_;
  WindowMaker maker_;
  std::unique_ptr<const NegativeWindows> negatives_;

  std::mutex mutex_;
  std::condition_variable made_, wanted_;
  std::vector<Slot> slots_;  // ring, slot = number % size
  std::uint64_t epoch_ = 0;
  std::shared_ptr<const HardNegatives> hard_;
  std::size_t next_made_ = 0;  // first batch that no worker has taken
  std::size_t next_read_ = 0;  // first batch that was not handed out
  std::exception_ptr failure_;
  bool running_ = false, stop_ = false;
  std::vector<std::jthread> workers_;
};

/// Mean and scale for quantization, from augmented training windows: one standard deviation = 32 steps.
[[nodiscard]] FeatureParams estimate_scaling(const Dataset& dataset, FeatureParams features,
                                             const BatchOptions& options, std::size_t windows = 4096);

}  // namespace kwsd::train
