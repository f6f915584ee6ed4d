// A streaming net, stage by stage, on the objects and by the list of stages of engine/nn/step_net.h.
#pragma once

#include <vector>

#include "app/bench/staged_net.h"
#include "app/bench/test_sound.h"
#include "engine/nn/front_end.h"
#include "engine/nn/step_net.h"

namespace kwsd {

class StagedStream final : public StagedNet {
 public:
  /// `model`, a streaming one, must outlive this.
  StagedStream(const Model& model, const Kernels& kernels);

  [[nodiscard]] double hop_seconds() const noexcept override { return sound_.hop_seconds(); }
  void run(Stage stage, BranchId branch) noexcept override;
  void run_whole(BranchId branch) noexcept override;
  void run_in_stream(BranchId branch) noexcept override;

 private:
  void front_end(StepStream& steps) noexcept;

  const Model* model_;
  TestSound sound_;
  FrontEnd front_end_;
  FrontEndStream frames_;
  StepNet net_;
  StepStream steps_;
  std::vector<StepStream> staged_;  // [branches], each after a hop of its branch: for the stages alone
};

}  // namespace kwsd
