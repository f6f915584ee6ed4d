// A streaming net, stage by stage. The stages run on the same objects as engine/nn/step_net.h runs them.
#pragma once

#include <vector>

#include "app/bench/staged_net.h"
#include "engine/features/framer.h"
#include "engine/features/mfcc.h"
#include "engine/nn/front_end.h"
#include "engine/nn/step_net.h"

namespace kwsd {

class StagedStream final : public StagedNet {
 public:
  /// `model`, a streaming one, must outlive this.
  StagedStream(const Model& model, const Kernels& kernels);

  [[nodiscard]] double hop_seconds() const noexcept override;
  void run(Stage stage, BranchId branch) noexcept override;
  void run_whole(BranchId branch) noexcept override;
  void run_in_stream(BranchId branch) noexcept override;

 private:
  void features() noexcept;
  void front_end() noexcept;
  void stage_of_blocks(Stage stage, BranchId branch) noexcept;
  void classify(BranchId branch) noexcept;

  const Model* model_;
  Framer framer_;
  Mfcc mfcc_;
  FrontEnd front_end_;
  FrontEndStream frames_;
  StepNet net_;
  StepStream steps_;
  std::vector<float> samples_;      // of one hop
  std::vector<std::int8_t> frame_;  // (coefficients)

  // For the stages alone: rows of one block and of the next, which all blocks share.
  int new_steps_;                               // in a hop
  AlignedVector<std::int16_t> rows_;            // [new_steps + 4 + new_steps][row_lanes(C)]
  std::vector<const std::int16_t*> in_;         // [new_steps + 4]
  std::vector<std::int16_t*> out_;              // [new_steps]
  AlignedVector<std::uint64_t> bits_, hidden_;  // [new_steps][row_words]
  AlignedVector<std::int8_t> inputs_;           // [T - 1 + new_steps][row_lanes(C)]
  std::vector<std::int32_t> acc_;               // [new_steps][labels]
  std::vector<float> logits_, posteriors_;      // (labels)
};

}  // namespace kwsd
