// One window of a window net, stage by stage. The stages run on the same objects as engine/nn/window_net.h
// runs them.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "app/bench/staged_net.h"
#include "engine/features/framer.h"
#include "engine/features/mfcc.h"
#include "engine/nn/block.h"
#include "engine/nn/classifier.h"
#include "engine/nn/front_end.h"

namespace kwsd {

class StagedWindow final : public StagedNet {
 public:
  /// `model` must outlive this.
  StagedWindow(const Model& model, const Kernels& kernels);

  [[nodiscard]] double hop_seconds() const noexcept override;
  void run(Stage stage, BranchId branch) noexcept override;
  void run_whole(BranchId branch) noexcept override;
  void run_in_stream(BranchId branch) noexcept override;

 private:
  void front_end() noexcept;
  void blocks(BranchId branch) noexcept;
  void classify(BranchId branch) noexcept;

  void features() noexcept;

  const Model* model_;
  Framer framer_;
  Mfcc mfcc_;
  FrontEnd front_end_;
  FrontEndStream stream_;
  std::vector<PreparedBlock> weights_;
  std::array<std::vector<Block>, branch_count> blocks_;
  Classifier classifier_;

  std::vector<float> samples_;      // of one hop
  std::vector<std::int8_t> frame_;  // (coefficients)
  AlignedVector<std::int16_t> x_;
  AlignedVector<std::uint64_t> bits_, hidden_;
  AlignedVector<std::int8_t> flat_;
  std::vector<std::int32_t> acc_;
  std::vector<float> logits_, posteriors_;
};

}  // namespace kwsd
