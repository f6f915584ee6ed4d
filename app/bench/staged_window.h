// One window of a window net, stage by stage, on the objects and by the list of stages of
// engine/nn/window_net.h.
#pragma once

#include <vector>

#include "app/bench/staged_net.h"
#include "app/bench/test_sound.h"
#include "engine/nn/front_end.h"
#include "engine/nn/window_net.h"

namespace kwsd {

class StagedWindow final : public StagedNet {
 public:
  /// `model` must outlive this.
  StagedWindow(const Model& model, const Kernels& kernels);

  [[nodiscard]] double hop_seconds() const noexcept override { return sound_.hop_seconds(); }
  void run(Stage stage, BranchId branch) noexcept override;
  void run_whole(BranchId branch) noexcept override;
  void run_in_stream(BranchId branch) noexcept override;

 private:
  const Model* model_;
  TestSound sound_;
  FrontEnd front_end_;
  FrontEndStream frames_;
  WindowNet net_;
  WindowStream window_;
};

}  // namespace kwsd
