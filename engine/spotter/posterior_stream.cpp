#include "engine/spotter/posterior_stream.h"

namespace kwsd {

PosteriorStream::PosteriorStream(const Network& network, int hop_frames, KeptBranches kept)
    : stream_(network, {}, kept), network_(&network), hop_frames_(hop_frames) {}

/// Provides the history before the stream; the first frame then ends a window, or a step.
void PosteriorStream::push_before(std::span<const std::int8_t> first) noexcept {
  const Model& model = network_->model();
  frames_before_ = (model.streaming ? model.step_frames() +
                                          (model.reach_steps(BranchId::full) - 1) * model.step_stride_frames()
                                    : model.window_frames()) -
                   1;
  for (int i = 0; i < frames_before_; ++i) {
    stream_.push_frame(model.streaming ? network_->silence() : first);
  }
}

bool PosteriorStream::push_frame(std::span<const std::int8_t> frame) noexcept {
  if (!stream_.window_ready()) {
    push_before(frame);
  }
  stream_.push_frame(frame);
  const bool due = frames_to_due_ == 0;
  frames_to_due_ = (due ? hop_frames_ : frames_to_due_) - 1;
  return due;
}

std::span<const Posteriors> PosteriorStream::classify(BranchId branch) noexcept {
  std::span<Posteriors> posteriors = stream_.classify(branch);
  for (Posteriors& one : posteriors) {
    one.end_frame -= frames_before_;
  }
  while (!posteriors.empty() && posteriors.front().end_frame < 1) {  // frames of history
    posteriors = posteriors.subspan(1);
  }
  return posteriors;
}

void PosteriorStream::reset() noexcept {
  stream_.reset();
  frames_to_due_ = 0;
  frames_before_ = 0;
}

}  // namespace kwsd
