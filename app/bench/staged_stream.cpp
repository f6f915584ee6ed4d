#include "app/bench/staged_stream.h"

#include "app/bench/staged_window.h"

namespace kwsd {

StagedStream::StagedStream(const Model& model, const Kernels& kernels)
    : model_(&model),
      sound_(model),
      front_end_(model, kernels),
      frames_(front_end_, nullptr),
      net_(model, kernels),
      steps_(net_, nullptr) {
  const int frames = model.step_frames() + model.reach_steps(BranchId::full) * model.step_stride_frames();
  for (int i = 0; i < frames; i += model.hop_frames()) {
    run_in_stream(BranchId::full);
  }
  for (int b = 0; b < branch_count; ++b) {
    StepStream& steps = staged_.emplace_back(net_, nullptr);
    for (int i = 0; i < frames; i += model.hop_frames()) {
      front_end(steps);
      (void)steps.run(static_cast<BranchId>(b));
    }
  }
}

void StagedStream::run(Stage stage, BranchId branch) noexcept {
  if (stage == Stage::mfcc) {
    return sound_.compute_hop();
  }
  if (stage == Stage::front_end) {
    return front_end(steps_);
  }
  staged_[static_cast<std::size_t>(branch)].repeat(stage);
}

void StagedStream::run_in_stream(BranchId branch) noexcept {
  front_end(steps_);
  (void)steps_.run(branch);
}

void StagedStream::run_whole(BranchId branch) noexcept {
  steps_.forget_branch();
  run_in_stream(branch);
}

/// The steps of one hop, as Stream::push_frame computes them.
void StagedStream::front_end(StepStream& steps) noexcept {
  for (int i = 0; i < model_->hop_frames(); ++i) {
    frames_.push_frame(sound_.frame());
    const std::int64_t after_first = frames_.frames_seen() - model_->step_frames();
    if (after_first >= 0 && after_first % model_->step_stride_frames() == 0) {
      steps.push(frames_.step(frames_.frames_seen()));
    }
  }
}

std::unique_ptr<StagedNet> make_staged_net(const Model& model, const Kernels& kernels) {
  if (model.streaming) {
    return std::make_unique<StagedStream>(model, kernels);
  }
  return std::make_unique<StagedWindow>(model, kernels);
}

}  // namespace kwsd
