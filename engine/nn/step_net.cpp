#include "engine/nn/step_net.h"

#include <algorithm>
#include <cstring>

#include "engine/kernels/bit_rows.h"
#include "engine/nn/classifier.h"

namespace kwsd {
namespace {

std::size_t size(int n) noexcept {
  return static_cast<std::size_t>(n);
}

/// [labels][C * T] -> [labels][T][lanes], 0 past the last channel.
std::vector<std::int8_t> by_step(const Model& model, int lanes) {
  const std::size_t steps = size(model.steps), channels = size(model.memory_size);
  std::vector<std::int8_t> out(model.labels.size() * steps * size(lanes));
  for (std::size_t n = 0; n < model.labels.size(); ++n) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t t = 0; t < steps; ++t) {
        out[(n * steps + t) * size(lanes) + c] = model.classifier.int8[(n * channels + c) * steps + t];
      }
    }
  }
  return out;
}

}  // namespace

StepNet::StepNet(const Model& model, const Kernels& kernels)
    : model_(&model), kernels_(&kernels), lanes_(row_lanes(model.memory_size)) {
  for (const BlockWeights& block : model.blocks) {
    weights_.emplace_back(block, kernels);
  }
  for (std::size_t b = 0; b < branch_count; ++b) {
    const Branch& branch = model.branches[b];
    for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
      const int index = branch.blocks[i];
      blocks_[b].emplace_back(model, index, weights_[branch.blocks[i]], branch.params[i], kernels);
    }
    stages_[b] = net_stages(branch.blocks.size());
    reach_[b] = model.reach_steps(static_cast<BranchId>(b));
    inputs_[b] = prepare_row_affine(branch.classifier.input);
    lookahead_[b] = model.lookahead_steps(static_cast<BranchId>(b));
  }
  classifier_ = kernels.prepare_int8(by_step(model, lanes_), model.classifier.outputs, model.steps * lanes_);
}

std::span<const StepBlock> StepNet::blocks(BranchId branch) const noexcept {
  return blocks_[static_cast<std::size_t>(branch)];
}

void StepNet::quantize(BranchId branch, const std::int16_t* row, std::int8_t* q) const noexcept {
  kernels_->quantize_row(inputs_[static_cast<std::size_t>(branch)], row, q);
}

void StepNet::multiply(const std::int8_t* inputs, int steps, std::int32_t* acc) const noexcept {
  kernels_->int8_dots(classifier_, {inputs, lanes_, steps}, acc);
}

void StepNet::finish(BranchId branch, const std::int32_t* acc, std::span<float> logits,
                     std::span<float> posteriors) const noexcept {
  const ClassifierParams& params = model_->branches[static_cast<std::size_t>(branch)].classifier;
  for (std::size_t n = 0; n < logits.size(); ++n) {
    logits[n] = params.scale[n] * static_cast<float>(acc[n]) + params.bias[n];
  }
  softmax(logits, posteriors);
}

void StepStream::Ring::resize(int n, int lanes_of_row) {
  count = n;
  lanes = lanes_of_row;
  rows.resize(size(n) * size(lanes_of_row));
}

std::int16_t* StepStream::Ring::row(std::int64_t step) noexcept {
  return rows.data() + static_cast<std::size_t>(step % count) * size(lanes);
}

StepStream::StepStream(const StepNet& net, const Observer* observer) : net_(&net), observer_(observer) {
  const Model& model = *net.model_;
  const std::size_t labels = model.labels.size();
  const auto words = [](int channels) { return size(BitMatrix::row_words_for(channels)); };
  std::size_t most_blocks = 0;
  for (const auto& blocks : net.blocks_) {
    most_blocks = std::max(most_blocks, blocks.size());
  }
  rings_.resize(most_blocks + 1);
  for (Ring& ring : rings_) {
    ring.resize(memory_taps - 1 + most_steps_at_once, net.lanes_);
  }
  const int reach = *std::max_element(net.reach_.begin(), net.reach_.end());
  rings_[0].resize(reach - 1 + most_pending_steps, net.lanes_);
  zeros_.resize(size(net.lanes_));
  bits_.resize(most_steps_at_once * words(model.memory_size));
  hidden_.resize(most_steps_at_once * words(model.hidden_size));
  inputs_.resize(size(model.steps - 1 + most_steps_at_once) * size(net.lanes_));
  acc_.resize(most_steps_at_once * labels);
  logits_.resize(most_pending_steps * labels);
  posteriors_.resize(most_pending_steps * labels);
  results_.reserve(most_pending_steps);
  reset();
}

void StepStream::reset() noexcept {
  steps_ = given_ = 0;
  restart(branch_, 0);
}

void StepStream::push(const std::int16_t* step) noexcept {
  std::memcpy(rings_[0].row(steps_), step, size(net_->model_->memory_size) * sizeof *step);
  ++steps_;
}

std::span<StepStream::Result> StepStream::run(BranchId branch) noexcept {
  results_.clear();
  const std::int64_t first_due = std::max(given_, steps_ - most_pending_steps);
  if (branch != branch_ || first_due != done_) {
    restart(branch,
            std::max<std::int64_t>(0, first_due - (net_->reach_[static_cast<std::size_t>(branch)] - 1)));
  }
  while (done_ < steps_) {
    advance(std::min(steps_, done_ + most_steps_at_once), first_due);
  }
  given_ = steps_;
  return results_;
}

/// The branch's blocks begin at step `origin`, with zeros before it.
void StepStream::restart(BranchId branch, std::int64_t origin) noexcept {
  branch_ = branch;
  origin_ = done_ = origin;
  std::fill(inputs_.begin(), inputs_.end(), std::int8_t{0});
}

/// Steps done_ to `end` through all blocks and the classifier; results from step first_due on.
void StepStream::advance(std::int64_t end, std::int64_t first_due) noexcept {
  work_.taken = work_.steps = {done_, end};
  work_.first_due = first_due;
  done_ = end;
  for (const NetStage& stage : net_->stages_[static_cast<std::size_t>(branch_)]) {
    run_stage(stage);
  }
}

void StepStream::repeat(Stage kind) noexcept {
  results_.clear();
  if (kind == Stage::memory) {
    work_.steps = work_.taken;  // each block's filter passes on fewer steps, or later ones
  }
  for (const NetStage& stage : net_->stages_[static_cast<std::size_t>(branch_)]) {
    if (stage.stage == kind) {
      run_stage(stage);
    }
  }
}

void StepStream::run_stage(const NetStage& stage) noexcept {
  if (work_.steps.count() == 0) {
    return;
  }
  switch (stage.stage) {
    case Stage::mfcc:
      return;
    case Stage::front_end:  // has pushed its steps
      if (observer_ != nullptr) observe_taken();
      return;
    case Stage::memory:
      return memory(stage.block);
    case Stage::expand:
      return expand(net_->blocks(branch_)[stage.block]);
    case Stage::project:
      return project(net_->blocks(branch_)[stage.block]);
    case Stage::classifier:
      return classify(work_.steps, work_.first_due);
  }
}

/// The input of the block has grown by the steps work_.steps. work_.steps becomes the steps of the block's
/// output that they produce.
void StepStream::memory(std::size_t position) noexcept {
  const StepBlock& block = net_->blocks(branch_)[position];
  const Steps in = work_.steps;
  const Steps out{std::max(origin_, in.begin - block.ahead()), std::max(origin_, in.end - block.ahead())};
  work_.steps = out;
  if (out.count() == 0) {
    return;
  }
  for (int i = 0; i < memory_taps - 1 + out.count(); ++i) {
    const std::int64_t step = out.begin + block.ahead() - (memory_taps - 1) + i;
    work_.taps[size(i)] = step < origin_ ? zeros_.data() : rings_[position].row(step);
  }
  for (int i = 0; i < out.count(); ++i) {
    work_.rows[size(i)] = rings_[position + 1].row(out.begin + i);
  }
  block.memory(work_.taps.data(), out.count(), work_.rows.data(), bits_.data());
  if (observer_ != nullptr) observe_rows("memory", block.index(), out, work_.rows.data());
}

void StepStream::expand(const StepBlock& block) noexcept {
  block.expand(bits_.data(), work_.steps.count(), hidden_.data());
  if (observer_ != nullptr) observe_hidden(block.index(), work_.steps);
}

void StepStream::project(const StepBlock& block) noexcept {
  block.project(hidden_.data(), work_.steps.count(), work_.rows.data());
  if (observer_ != nullptr) observe_rows("project", block.index(), work_.steps, work_.rows.data());
}

/// Steps `out` of the last block into the classifier's window; the posteriors of those that are due.
void StepStream::classify(Steps out, std::int64_t first_due) noexcept {
  const int lookahead = net_->lookahead_[static_cast<std::size_t>(branch_)];
  const std::size_t lanes = size(net_->lanes_), before = size(net_->model_->steps - 1);
  const std::size_t labels = net_->model_->labels.size();
  Ring& last = rings_[net_->blocks(branch_).size()];
  for (int i = 0; i < out.count(); ++i) {
    net_->quantize(branch_, last.row(out.begin + i), inputs_.data() + (before + size(i)) * lanes);
  }
  const std::int64_t first = std::max(out.begin, first_due - lookahead);
  const auto due = static_cast<int>(std::max<std::int64_t>(0, out.end - first));
  if (due > 0) {
    net_->multiply(inputs_.data() + static_cast<std::size_t>(first - out.begin) * lanes, due, acc_.data());
  }
  for (int i = 0; i < due; ++i) {
    const std::size_t at = results_.size() * labels;
    const std::span<float> logits(logits_.data() + at, labels), posteriors(posteriors_.data() + at, labels);
    net_->finish(branch_, acc_.data() + size(i) * labels, logits, posteriors);
    results_.push_back({first + i + lookahead, logits, posteriors});
  }
  std::memmove(inputs_.data(), inputs_.data() + size(out.count()) * lanes, before * lanes);
}

void StepStream::observe_taken() {
  std::array<std::int16_t*, most_steps_at_once> rows;
  for (int i = 0; i < work_.taken.count(); ++i) {
    rows[size(i)] = rings_[0].row(work_.taken.begin + i);
  }
  observe_rows("steps", 0, work_.taken, rows.data());
}

/// values: [steps][C].
void StepStream::observe_rows(const char* name, int index, Steps steps, std::int16_t* const* rows) {
  std::vector<std::int32_t> values;
  for (int i = 0; i < steps.count(); ++i) {
    values.insert(values.end(), rows[i], rows[i] + net_->model_->memory_size);
  }
  (*observer_)({.name = name, .index = index, .end = steps.end, .values = values});
}

/// values: [steps][H], ±1.
void StepStream::observe_hidden(int index, Steps steps) {
  std::vector<std::int32_t> values;
  const int hidden_size = net_->model_->hidden_size;
  for (int i = 0; i < steps.count(); ++i) {
    const std::uint64_t* row = hidden_.data() + i * BitMatrix::row_words_for(hidden_size);
    for (int n = 0; n < hidden_size; ++n) {
      values.push_back(bit_at(row, n) ? 1 : -1);
    }
  }
  (*observer_)({.name = "hidden", .index = index, .end = steps.end, .values = values});
}

}  // namespace kwsd
