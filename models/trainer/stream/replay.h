// Hard negatives as whole streams: streams without a keyword in which a net detected one are repeated until
// they are learnt. Thread: one.
#pragma once

#include <cstddef>
#include <vector>

#include "app/base/random.h"
#include "models/trainer/stream/stream_loss.h"

namespace kwsd::train {

class Replay {
 public:
  Replay(std::size_t capacity, std::uint64_t seed) : capacity_(capacity), random_{seed, 0x4E9} {}

  /// The batch, followed by `count` hard streams; fewer as long as few are known.
  [[nodiscard]] StreamTargets extend(const StreamTargets& batch, std::size_t count);
  /// The hardness of the streams in the last extended batch, [B] (StreamLoss::hardness): hard streams without
  /// a keyword are kept, repeated ones that are no longer hard are dropped.
  void learn(const StreamTargets& batch, const torch::Tensor& hardness);
  [[nodiscard]] std::size_t size() const noexcept { return streams_.size(); }

  static constexpr float hard = 0.5F;  ///< kept from: -log(1 - p), p = 0.4
  static constexpr float easy = 0.1F;  ///< dropped below

 private:
  std::size_t capacity_;
  Random random_;
  std::vector<StreamTargets> streams_;  // of one stream each
  std::vector<std::size_t> shown_;      // indices of those in the last batch
};

}  // namespace kwsd::train
