#include "engine/nn/step_block.h"

namespace kwsd {

StepBlock::StepBlock(const Model& model, int index, const PreparedBlock& weights, const BlockParams& params,
                     const Kernels& kernels)
    : kernels_(&kernels),
      weights_(&weights),
      params_(&params),
      index_(index),
      filter_(plain_rows::prepare_row_filter(model.blocks[static_cast<std::size_t>(index)].memory,
                                             params.memory,
                                             model.blocks[static_cast<std::size_t>(index)].ahead)),
      hidden_at_least_(kernels.prepare_thresholds(params.hidden_at_least, model.memory_size)) {}

void StepBlock::memory(const std::int16_t* const* in, int steps, std::int16_t* const* out,
                       std::uint64_t* bits) const noexcept {
  plain_rows::memory_rows(filter_, in, steps, out, bits);
}

void StepBlock::expand(const std::uint64_t* bits, int steps, std::uint64_t* hidden) const noexcept {
  kernels_->expand(weights_->expand, hidden_at_least_, {bits, steps}, hidden);
}

void StepBlock::project(const std::uint64_t* hidden, int steps, std::int16_t* dots,
                        std::int16_t* const* rows) const noexcept {
  kernels_->bit_dots(weights_->project, {hidden, steps}, dots);
  plain_rows::add_rows(params_->project, dots, steps, rows);
}

}  // namespace kwsd
