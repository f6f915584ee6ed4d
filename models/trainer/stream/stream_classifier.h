// A checkpoint of a causal net over whole streams, before it is exported. Thread: const, any.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "app/eval/stream_score.h"

namespace kwsd::train {

struct NetImpl;

class StreamClassifierNet {
 public:
  /// Throws Error: as load_checkpoint; usage where the net is not causal.
  explicit StreamClassifierNet(const std::filesystem::path& checkpoint);
  ~StreamClassifierNet();
  /// Labels and features, thresholds of 0.5; no weights.
  [[nodiscard]] const Model& model() const noexcept { return model_; }
  /// Those for steps of 48 ms: the mean over 192 ms.
  [[nodiscard]] static DetectorParams detector();
  /// Samples at 16 kHz; the averaged weights.
  [[nodiscard]] StreamPosteriors classify(std::span<const float> samples) const;

 private:
  Model model_;
  std::shared_ptr<NetImpl> net_;
};

}  // namespace kwsd::train
