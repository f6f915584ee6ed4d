// One FSMN block of one branch (paper, section 3.1), prepared for one kernel set.
//   m = x + PReLU(BN(memory(x)));  y = m + PReLU(BN(W2 bits(BN(W1 bits(m)))))
// Thread: construct at set-up; the rest on the inference thread, allocation-free.
#pragma once

#include <cstdint>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

/// ±1 weights of one block, shared by the branches.
struct PreparedBlock {
  PreparedBlock(const BlockWeights& weights, const Kernels& kernels);
  BitLayer expand, project;
};

class Block {
 public:
  /// The block weights.blocks[index] with the parameters of one branch. All three must outlive this.
  Block(const Model& model, int index, const PreparedBlock& weights, const BlockParams& params,
        const Kernels& kernels);

  [[nodiscard]] int index() const noexcept { return index_; }

  /// residual [C][stride]: x -> m. bits [T][words(C)]: signs of m.
  void memory(std::int16_t* residual, std::uint64_t* bits) const noexcept;
  /// hidden [T][words(H)] from bits.
  void expand(const std::uint64_t* bits, std::uint64_t* hidden) const noexcept;
  /// residual: m -> y.
  void project(const std::uint64_t* hidden, std::int16_t* residual) const noexcept;

 private:
  void memory_bit1(std::int16_t* residual) const noexcept;

  const Kernels* kernels_;
  const PreparedBlock* weights_;
  const BlockParams* params_;
  int index_, steps_, memory_size_;
  bool memory_is_int8_;
  const std::int8_t* memory_;                  // [C][5]
  AlignedVector<std::int16_t> taps_;           // int8: [C][8], BN folded in
  AlignedVector<std::int16_t> sign_at_least_;  // bit1: (C), of m
  Prepared hidden_at_least_;
};

}  // namespace kwsd
