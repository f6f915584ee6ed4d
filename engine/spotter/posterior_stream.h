// Frames of a stream -> posteriors of one model. Thread: one at a time per stream; no allocation after
// construction.
#pragma once

#include <cstdint>
#include <span>

#include "engine/nn/network.h"

namespace kwsd {

/// The posteriors of windows and of streaming nets alike. Decides when they are due, and which sound precedes
/// the stream, so that a word near the start is found like any other: for a window net the first frame is
/// repeated; for a streaming net digital silence precedes it, as far back as it reaches (the first frame,
/// held, is a sound that no room makes: words up to 0.4 s from the start were missed).
class PosteriorStream {
 public:
  /// Posteriors are due after the first frame and then every `hop_frames` >= 1 frames. `network` must outlive
  /// the stream.
  PosteriorStream(const Network& network, int hop_frames, KeptBranches kept = KeptBranches::newest);

  /// One frame of quantized features: (coefficients). Returns whether posteriors are due.
  bool push_frame(std::span<const std::int8_t> frame) noexcept;
  /// The posteriors of a branch up to the last frame, as Stream::classify returns them: for a window net
  /// those of the window, for a streaming net those of each step since this branch was last used.
  /// Posteriors::end_frame counts the frames pushed here, from 1. Needs a frame since construction or reset;
  /// valid until the next call.
  [[nodiscard]] std::span<const Posteriors> classify(BranchId branch) noexcept;
  /// Since construction; all 0 if the model has no second stage.
  [[nodiscard]] SecondStageCounts second_stage() const noexcept { return stream_.second_stage(); }
  /// Forgets all frames.
  void reset() noexcept;

 private:
  void push_before(std::span<const std::int8_t> first) noexcept;

  Stream stream_;
  const Network* network_;
  int hop_frames_;
  int frames_to_due_ = 0;
  int frames_before_ = 0;  // pushed as history before the stream
};

}  // namespace kwsd
