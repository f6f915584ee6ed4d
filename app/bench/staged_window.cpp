#include "app/bench/staged_window.h"

namespace kwsd {

StagedWindow::StagedWindow(const Model& model, const Kernels& kernels)
    : model_(&model),
      sound_(model),
      front_end_(model, kernels),
      frames_(front_end_, nullptr),
      net_(model, kernels),
      window_(net_, nullptr) {
  run_whole(BranchId::full);
}

void StagedWindow::run(Stage stage, BranchId branch) noexcept {
  if (stage == Stage::mfcc) {
    return sound_.compute_hop();
  }
  if (stage == Stage::front_end) {
    sound_.push_hop(frames_);
  }
  window_.repeat(stage, frames_, branch);
}

void StagedWindow::run_in_stream(BranchId branch) noexcept {
  sound_.push_hop(frames_);
  window_.run(frames_, branch);
}

void StagedWindow::run_whole(BranchId branch) noexcept {
  frames_.reset();
  for (int i = 0; i < model_->window_frames(); ++i) {
    frames_.push_frame(sound_.frame());
  }
  window_.run(frames_, branch);
}

}  // namespace kwsd
