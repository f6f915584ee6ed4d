// The blocks and the classifier of a streaming net: steps in, a posterior for each of them out.
//
// Every block is a filter over time of five taps, so its state is its newest inputs, and a posterior depends
// on a known number of steps (Model::reach_steps). A stream keeps as many steps of the front-end as the
// longest branch reaches: a branch that was not in force is recomputed over them, and gives the posteriors
// that it would have given had it been in force all the time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"
#include "engine/nn/observer.h"
#include "engine/nn/stages.h"
#include "engine/nn/step_block.h"

namespace kwsd {

/// Prepared for one kernel set; immutable.
class StepNet {
 public:
  /// `model` must outlive this, and be a streaming one.
  StepNet(const Model& model, const Kernels& kernels);

  [[nodiscard]] std::span<const StepBlock> blocks(BranchId branch) const noexcept;

 private:
  friend class StepStream;

  /// The classifier's input of one step: row (lanes) int16 -> q (lanes).
  void quantize(BranchId branch, const std::int16_t* row, std::int8_t* q) const noexcept;
  /// inputs: [T - 1 + steps][lanes]; acc: [steps][labels], the products of its last `steps` windows of T.
  void multiply(const std::int8_t* inputs, int steps, std::int32_t* acc) const noexcept;
  /// acc, logits, posteriors: (labels).
  void finish(BranchId branch, const std::int32_t* acc, std::span<float> logits,
              std::span<float> posteriors) const noexcept;

  const Model* model_;
  const Kernels* kernels_;
  std::vector<PreparedBlock> weights_;                       // [blocks]
  std::array<std::vector<StepBlock>, branch_count> blocks_;  // [branch][its blocks]
  std::array<std::vector<NetStage>, branch_count> stages_;
  std::array<RowAffine, branch_count> inputs_;           // of the classifier
  std::array<int, branch_count> reach_{}, lookahead_{};  // steps
  int lanes_;                                            // of a row
  Int8Layer classifier_;                                 // [labels][T][lanes]
};

/// The state of one stream. Thread: one at a time; allocates only in its constructor.
class StepStream {
 public:
  /// `net` and `observer` (may be null) must outlive the stream.
  StepStream(const StepNet& net, const Observer* observer);

  /// The next step is the first of a stream.
  void reset() noexcept;
  /// Recomputes the next branch over all that it reaches, whichever branch it is.
  void forget_branch() noexcept { done_ = -1; }
  /// The next step: (C) int16.
  void push(const std::int16_t* step) noexcept;
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }

  struct Result {
    std::int64_t step = 0;          ///< that it comes with, 0 the first of the stream
    std::span<const float> logits;  ///< (labels)
    std::span<float> posteriors;    ///< (labels), in [0, 1], sum 1
  };
  /// The results due for the steps pushed since the last call, at most the newest most_pending_steps of them.
  /// Valid until the next call.
  std::span<Result> run(BranchId branch) noexcept;
  /// Of all that the last `run` did for its last steps, at most most_steps_at_once, the stages of one kind,
  /// on the content of the buffers: for measurements. The stream cannot be used afterwards.
  void repeat(Stage stage) noexcept;

 private:
  /// Rows by the step they belong to, the newest `count` of them.
  struct Ring {
    void resize(int count, int lanes);
    [[nodiscard]] std::int16_t* row(std::int64_t step) noexcept;
    AlignedVector<std::int16_t> rows;
    int count = 1, lanes = 0;
  };
  /// Steps [begin, end) of a stream.
  struct Steps {
    std::int64_t begin = 0, end = 0;
    [[nodiscard]] int count() const noexcept { return static_cast<int>(end - begin); }
  };

  void restart(BranchId branch, std::int64_t origin) noexcept;
  /// State of a running advance().
  struct Work {
    Steps taken, steps;  ///< by the first block; by the stage that comes next
    std::int64_t first_due = 0;
    std::array<const std::int16_t*, memory_taps - 1 + most_steps_at_once> taps{};
    std::array<std::int16_t*, most_steps_at_once> rows{};  // that the block makes
  };

  void advance(std::int64_t end, std::int64_t first_due) noexcept;
  void run_stage(const NetStage& stage) noexcept;
  void memory(std::size_t position) noexcept;
  void expand(const StepBlock& block) noexcept;
  void project(const StepBlock& block) noexcept;
  void classify(Steps out, std::int64_t first_due) noexcept;
  void observe_taken();
  void observe_rows(const char* name, int index, Steps steps, std::int16_t* const* rows);
  void observe_hidden(int index, Steps steps);

  const StepNet* net_;
  const Observer* observer_;
  std::int64_t steps_ = 0;   ///< pushed since reset
  std::int64_t done_ = 0;    ///< through the blocks of branch_
  std::int64_t given_ = 0;   ///< whose results were returned
  std::int64_t origin_ = 0;  ///< before which the blocks know nothing
  BranchId branch_ = BranchId::full;

  Work work_;
  std::vector<Ring> rings_;              // [blocks + 1]: the input of block i; the last: the output
  AlignedVector<std::int16_t> zeros_;    // (lanes)
  AlignedVector<std::uint64_t> bits_;    // [most_steps_at_once][row_words(C)]
  AlignedVector<std::uint64_t> hidden_;  // [most_steps_at_once][row_words(H)]
  AlignedVector<std::int8_t> inputs_;    // [T - 1 + most_steps_at_once][lanes], of the classifier
  std::vector<std::int32_t> acc_;        // [most_steps_at_once][labels]
  std::vector<float> logits_;            // [most_pending_steps][labels]
  std::vector<float> posteriors_;        // [most_pending_steps][labels]
  std::vector<Result> results_;
};

}  // namespace kwsd
