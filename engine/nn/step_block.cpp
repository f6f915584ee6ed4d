#include "engine/nn/step_block.h"

namespace kwsd {
namespace {

RowFilter prepare_filter(const BlockWeights& block, const BlockParams& params) {
  return prepare_row_filter(block.memory, params.memory, block.ahead);
}

}  // namespace

StepBlock::StepBlock(const Model& model, int index, const PreparedBlock& weights, const BlockParams& params,
                     const Kernels& kernels)
    : kernels_(&kernels),
      weights_(&weights),
      index_(index),
      filter_(prepare_filter(model.blocks[static_cast<std::size_t>(index)], params)),
      hidden_at_least_(kernels.prepare_thresholds(params.hidden_at_least, model.memory_size)),
      project_(prepare_row_affine(params.project)) {}

void StepBlock::memory(const std::int16_t* const* in, int steps, std::int16_t* const* out,
                       std::uint64_t* bits) const noexcept {
  kernels_->memory_rows(filter_, in, steps, out, bits);
}

void StepBlock::expand(const std::uint64_t* bits, int steps, std::uint64_t* hidden) const noexcept {
  kernels_->expand(weights_->expand, hidden_at_least_, {bits, steps}, hidden);
}

void StepBlock::project(const std::uint64_t* hidden, int steps, std::int16_t* const* rows) const noexcept {
  kernels_->project_rows(weights_->project, project_, {hidden, steps}, rows);
}

}  // namespace kwsd
