#include "engine/spotter/posterior_stream.h"

namespace kwsd {

PosteriorStream::PosteriorStream(const Network& network, int hop_frames, KeptBranches kept)
    : stream_(network, {}, kept), hop_frames_(hop_frames) {}

bool PosteriorStream::push_frame(std::span<const std::int8_t> frame) noexcept {
  stream_.push_frame(frame);
  for (; !stream_.window_ready(); ++frames_before_) {
    stream_.push_frame(frame);
  }
  const bool due = frames_to_due_ == 0;
  frames_to_due_ = (due ? hop_frames_ : frames_to_due_) - 1;
  return due;
}

std::span<const Posteriors> PosteriorStream::classify(BranchId branch) noexcept {
  const std::span<Posteriors> posteriors = stream_.classify(branch);
  for (Posteriors& one : posteriors) {
    one.end_frame -= frames_before_;
  }
  return posteriors;
}

void PosteriorStream::reset() noexcept {
  stream_.reset();
  frames_to_due_ = 0;
  frames_before_ = 0;
}

}  // namespace kwsd
