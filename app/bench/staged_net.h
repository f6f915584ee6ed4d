// A network in a stream, stage by stage: what `kwsd bench` times and what the cost check counts.
// Thread: one at a time; allocates at set-up only.
#pragma once

#include <memory>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"
#include "engine/nn/stages.h"

namespace kwsd {

class StagedNet {
 public:
  StagedNet() = default;
  virtual ~StagedNet() = default;
  StagedNet(const StagedNet&) = delete;
  StagedNet& operator=(const StagedNet&) = delete;

  /// Stream time between two hops.
  [[nodiscard]] virtual double hop_seconds() const noexcept = 0;
  /// One stage of one hop: the MFCC of its frames, the new steps of the front-end, one part of all blocks
  /// of the branch, or the classifier with its softmax.
  virtual void run(Stage stage, BranchId branch) noexcept = 0;
  /// The network without MFCC and without earlier results. Of a window net: a window, with every step of the
  /// front-end. Of a streaming net: a change to the branch, its blocks computed for all steps that it
  /// reaches.
  virtual void run_whole(BranchId branch) noexcept = 0;
  /// The network without MFCC for the next hop of a stream.
  virtual void run_in_stream(BranchId branch) noexcept = 0;
};

/// `model` must outlive the result.
[[nodiscard]] std::unique_ptr<StagedNet> make_staged_net(const Model& model, const Kernels& kernels);

}  // namespace kwsd
