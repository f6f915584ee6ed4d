// One window of the network, stage by stage: what `kwsd bench` times and what the cost check counts. The
// stages run on the same objects as engine/nn/network.h runs them. Thread: one at a time; allocates in its
// constructor only.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/features/framer.h"
#include "engine/features/mfcc.h"
#include "engine/nn/block.h"
#include "engine/nn/classifier.h"
#include "engine/nn/front_end.h"

namespace kwsd {

enum class Stage : std::uint8_t { mfcc, front_end, memory, expand, project, classifier };
inline constexpr int stage_count = 6;
inline constexpr std::array<std::string_view, stage_count> stage_names{"mfcc",   "front_end", "memory",
                                                                       "expand", "project",   "classifier"};

class StagedWindow {
 public:
  /// `model` must outlive this.
  StagedWindow(const Model& model, const Kernels& kernels);

  /// Stream time between two windows.
  [[nodiscard]] double hop_seconds() const noexcept;
  /// One stage of one window in a stream: the MFCC of the frames of one hop, the new steps of
  /// the front-end, one part of all blocks of the branch, or the classifier with its softmax.
  void run(Stage stage, BranchId branch) noexcept;
  /// The network without MFCC on a window of which nothing is known: every step of the front-end is computed.
  void run_whole(BranchId branch) noexcept;
  /// The network without MFCC on the next window in a stream.
  void run_in_stream(BranchId branch) noexcept;

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
