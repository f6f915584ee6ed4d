// The second stage on a stream: keeps frames, and computes a window of them when the gate opens.
// Thread: one at a time; allocates only in its constructor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/nn/network.h"

namespace kwsd {

class SecondStageStream {
 public:
  /// `model` and `network`, the second stage's, must outlive this. `observer` (may be null) receives its
  /// layers as "second ...".
  SecondStageStream(const Model& model, const Network& network, const Observer* observer);

  void reset() noexcept;
  /// One frame of features: (coefficients).
  void push_frame(std::span<const std::int8_t> frame) noexcept;
  /// If the gate opens, first's values become the means of both stages.
  void apply(Posteriors& first) noexcept;
  [[nodiscard]] SecondStageCounts counts() const noexcept { return counts_; }

 private:
  [[nodiscard]] bool opens(std::span<const float> posteriors) const noexcept;
  void compute(std::int64_t end) noexcept;
  [[nodiscard]] std::span<const std::int8_t> frame(std::int64_t number) const noexcept;

  const Model* model_;
  const Observer* observer_;
  int frames_between_;  // the posteriors of the first stage, as a rule
  Stream stream_;
  int stream_stride_, window_frames_, ring_frames_;
  std::vector<std::int8_t> frames_;  // [ring_frames][coefficients], by their number
  std::vector<float> posteriors_;    // (labels), of the window that ends with frame computed_
  std::int64_t seen_ = 0;            // frames pushed
  std::int64_t computed_ = 0;        // 0: none
  std::int64_t last_open_ = 0;       // frame at which the gate was last open; 0: none
  SecondStageCounts counts_;
};

}  // namespace kwsd
