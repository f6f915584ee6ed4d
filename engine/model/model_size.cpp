#include "engine/model/model_size.h"

namespace kwsd {
namespace {

std::int64_t product(int a, int b) noexcept {
  return std::int64_t{a} * b;
}

/// BN of the memory filter, before the signs, of the hidden layer and of the output, two numbers a channel
/// each; two slopes. A 1-bit memory filter has a BN before its own signs as well.
std::int64_t norms_of_block(const Model& model, const BlockWeights& block) noexcept {
  const int norms = block.memory_kind == LayerKind::bit1 ? 4 : 3;
  return product(model.memory_size, 2 * norms + 2) + product(model.hidden_size, 2);
}

}  // namespace

std::int64_t float32_parameters(const Model& model) noexcept {
  std::int64_t numbers = product(model.classifier.inputs, model.classifier.outputs) +
                         static_cast<std::int64_t>(model.labels.size());
  for (const ConvLayer& layer : model.front_end) {
    const int of_channel = layer.output == OutputKind::rows ? 2 : 3;  // the inverted DCT has no PReLU
    numbers += product(layer.weights.inputs, layer.weights.outputs) + product(layer.out_channels, of_channel);
  }
  for (const BlockWeights& block : model.blocks) {
    numbers += static_cast<std::int64_t>(block.memory.size()) +
               product(block.expand.cols, block.expand.rows) +
               product(block.project.cols, block.project.rows);
  }
  for (const Branch& branch : model.branches) {
    for (const std::uint8_t index : branch.blocks) {
      numbers += norms_of_block(model, model.blocks[index]);
    }
    numbers += 2 * static_cast<std::int64_t>(branch.classifier.input.channels.size());
  }
  return numbers + (model.second ? float32_parameters(model.second->net) : 0);
}

}  // namespace kwsd
