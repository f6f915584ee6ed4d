#include "engine/nn/window_net.h"

#include "engine/kernels/bit_rows.h"

namespace kwsd {

WindowNet::WindowNet(const Model& model, const Kernels& kernels)
    : model_(&model), classifier_(model, kernels) {
  for (const BlockWeights& block : model.blocks) {
    weights_.emplace_back(block, kernels);
  }
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Branch& branch = model.branches[b];
    for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
      const int index = branch.blocks[i];
      blocks_[b].emplace_back(model, index, weights_[branch.blocks[i]], branch.params[i], kernels);
    }
    stages_[b] = net_stages(branch.blocks.size());
  }
}

WindowStream::WindowStream(const WindowNet& net, const Observer* observer)
    : net_(&net), model_(net.model_), observer_(observer) {
  const auto steps = static_cast<std::size_t>(model_->steps);
  const auto words = [](int channels) {
    return static_cast<std::size_t>(BitMatrix::row_words_for(channels));
  };
  x_.resize(static_cast<std::size_t>(model_->memory_size * residual_stride(model_->steps)));
  bits_.resize(steps * words(model_->memory_size));
  hidden_.resize(steps * words(model_->hidden_size));
  flat_.resize(net.classifier_.flat_bytes());
  acc_.resize(model_->labels.size());
  logits_.resize(model_->labels.size());
  posteriors_.resize(model_->labels.size());
}

/// The whole network, top to bottom.
void WindowStream::run(FrontEndStream& front_end, BranchId branch) noexcept {
  for (const NetStage& stage : net_->stages_[static_cast<std::size_t>(branch)]) {
    run_stage(stage, front_end, branch);
  }
}

void WindowStream::repeat(Stage kind, FrontEndStream& front_end, BranchId branch) noexcept {
  for (const NetStage& stage : net_->stages_[static_cast<std::size_t>(branch)]) {
    if (stage.stage == kind) {
      run_stage(stage, front_end, branch);
    }
  }
}

/// A block: m = x + PReLU(BN(memory(x))); y = m + PReLU(BN(W2 bits(BN(W1 bits(m))))).
void WindowStream::run_stage(const NetStage& stage, FrontEndStream& front_end, BranchId branch) noexcept {
  const auto b = static_cast<std::size_t>(branch);
  switch (stage.stage) {
    case Stage::mfcc:
      return;
    case Stage::front_end:
      return gather_steps(front_end);
    case Stage::memory:
      return memory(net_->blocks_[b][stage.block]);
    case Stage::expand:
      return expand(net_->blocks_[b][stage.block]);
    case Stage::project:
      return project(net_->blocks_[b][stage.block]);
    case Stage::classifier:
      return classify(model_->branches[b].classifier);
  }
}

/// Front-end: the T steps of the window that ends now -> x [C][T].
void WindowStream::gather_steps(FrontEndStream& front_end) noexcept {
  end_ = front_end.frames_seen();
  front_end.window(model_->steps, model_->step_stride_frames(), x_.data());
  if (observer_ != nullptr) observe_residual("steps", 0);
}

void WindowStream::memory(const Block& block) noexcept {
  block.memory(x_.data(), bits_.data());
  if (observer_ != nullptr) observe_residual("memory", block.index());
}

void WindowStream::expand(const Block& block) noexcept {
  block.expand(bits_.data(), hidden_.data());
  if (observer_ != nullptr) observe_hidden(block.index());
}

void WindowStream::project(const Block& block) noexcept {
  block.project(hidden_.data(), x_.data());
  if (observer_ != nullptr) observe_residual("project", block.index());
}

void WindowStream::classify(const ClassifierParams& params) noexcept {
  net_->classifier_.quantize(params, x_.data(), flat_.data());
  if (observer_ != nullptr) observe_flat();
  net_->classifier_.logits(params, flat_.data(), acc_, logits_);
  softmax(logits_, posteriors_);
}

void WindowStream::observe_residual(std::string_view name, int index) {
  std::vector<std::int32_t> values;
  for (int c = 0; c < model_->memory_size; ++c) {
    const std::int16_t* row = x_.data() + c * residual_stride(model_->steps);
    values.insert(values.end(), row, row + model_->steps);
  }
  (*observer_)({.name = name, .index = index, .end = end_, .values = values});
}

void WindowStream::observe_hidden(int index) {
  std::vector<std::int32_t> values;
  for (int t = 0; t < model_->steps; ++t) {
    const std::uint64_t* row = hidden_.data() + t * BitMatrix::row_words_for(model_->hidden_size);
    for (int n = 0; n < model_->hidden_size; ++n) {
      values.push_back(bit_at(row, n) ? 1 : -1);
    }
  }
  (*observer_)({.name = "hidden", .index = index, .end = end_, .values = values});
}

void WindowStream::observe_flat() {
  const std::vector<std::int32_t> values(flat_.begin(), flat_.begin() + model_->memory_size * model_->steps);
  (*observer_)({.name = "classifier input", .index = 0, .end = end_, .values = values});
}

}  // namespace kwsd
