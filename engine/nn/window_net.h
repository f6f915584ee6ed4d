// The blocks and the classifier of a window net: the steps of one window in, its posteriors out.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"
#include "engine/nn/block.h"
#include "engine/nn/classifier.h"
#include "engine/nn/front_end.h"
#include "engine/nn/observer.h"
#include "engine/nn/stages.h"

namespace kwsd {

/// Prepared for one kernel set; immutable.
class WindowNet {
 public:
  /// `model` must outlive this, and not be a streaming one.
  WindowNet(const Model& model, const Kernels& kernels);

 private:
  friend class WindowStream;

  const Model* model_;
  std::vector<PreparedBlock> weights_;                   // [blocks]
  std::array<std::vector<Block>, branch_count> blocks_;  // [branch][its blocks]
  std::array<std::vector<NetStage>, branch_count> stages_;
  Classifier classifier_;
};

/// One window at a time. Thread: one at a time; allocates only in its constructor.
class WindowStream {
 public:
  /// `net` and `observer` (may be null) must outlive this.
  WindowStream(const WindowNet& net, const Observer* observer);

  /// The window that ends with the newest frame of `front_end`.
  void run(FrontEndStream& front_end, BranchId branch) noexcept;
  /// Of all that `run` does, the stages of one kind, on the content of the buffers: for measurements.
  void repeat(Stage stage, FrontEndStream& front_end, BranchId branch) noexcept;
  [[nodiscard]] std::span<const float> logits() const noexcept { return logits_; }  ///< (labels)
  [[nodiscard]] std::span<float> posteriors() noexcept { return posteriors_; }      ///< (labels)

 private:
  void gather_steps(FrontEndStream& front_end) noexcept;
  void run_stage(const NetStage& stage, FrontEndStream& front_end, BranchId branch) noexcept;
  void memory(const Block& block) noexcept;
  void expand(const Block& block) noexcept;
  void project(const Block& block) noexcept;
  void classify(const ClassifierParams& params) noexcept;

  void observe_residual(std::string_view name, int index);
  void observe_hidden(int index);
  void observe_flat();

  const WindowNet* net_;
  const Model* model_;
  const Observer* observer_;
  std::int64_t end_ = 0;  // frames pushed

  AlignedVector<std::int16_t> x_;        // [C][residual_stride(T)], the residual stream
  AlignedVector<std::uint64_t> bits_;    // [T][row_words(C)]
  AlignedVector<std::uint64_t> hidden_;  // [T][row_words(H)]
  AlignedVector<std::int8_t> flat_;      // [C][T]
  std::vector<std::int32_t> acc_;        // (labels)
  std::vector<float> logits_;            // (labels)
  std::vector<float> posteriors_;        // (labels)
};

}  // namespace kwsd
