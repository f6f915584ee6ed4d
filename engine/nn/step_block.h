// One FSMN block of one branch of a streaming net (model.h), prepared for one kernel set.
//   m = x + PReLU(BN(memory(x)));  y = m + PReLU(BN(W2 bits(BN(W1 bits(m)))))
// Steps are rows of row_lanes(C) int16. Thread: construct at set-up; the rest on the inference thread,
// allocation-free.
#pragma once

#include <cstdint>

#include "engine/kernels/kernels.h"
#include "engine/kernels/rows.h"
#include "engine/model/model.h"
#include "engine/nn/block.h"

namespace kwsd {

class StepBlock {
 public:
  /// The block model.blocks[index] with the parameters of one branch. All three must outlive this.
  StepBlock(const Model& model, int index, const PreparedBlock& weights, const BlockParams& params,
            const Kernels& kernels);

  [[nodiscard]] int index() const noexcept { return index_; }
  [[nodiscard]] int ahead() const noexcept { return filter_.ahead; }

  /// out[i] = m of step i, in[i] .. in[i + 4] the inputs that its taps meet. bits: [steps][words(C)], its
  /// signs.
  void memory(const std::int16_t* const* in, int steps, std::int16_t* const* out,
              std::uint64_t* bits) const noexcept;
  /// hidden: [steps][words(H)].
  void expand(const std::uint64_t* bits, int steps, std::uint64_t* hidden) const noexcept;
  /// rows: m -> y.
  void project(const std::uint64_t* hidden, int steps, std::int16_t* const* rows) const noexcept;

 private:
  const Kernels* kernels_;
  const PreparedBlock* weights_;
  int index_;
  RowFilter filter_;
  Prepared hidden_at_least_;
  RowAffine project_;
};

}  // namespace kwsd
