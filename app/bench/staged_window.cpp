#include "app/bench/staged_window.h"

#include <cmath>

namespace kwsd {
namespace {

std::size_t words(int rows, int channels) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(BitMatrix::row_words_for(channels));
}

}  // namespace

StagedWindow::StagedWindow(const Model& model, const Kernels& kernels)
    : model_(&model),
      framer_(static_cast<int>(model.features.frame_samples), static_cast<int>(model.features.hop_samples)),
      mfcc_(model.features),
      front_end_(model, kernels),
      stream_(front_end_, nullptr),
      classifier_(model, kernels),
      samples_(static_cast<std::size_t>(model.hop_frames()) * model.features.hop_samples),
      frame_(model.features.coefficients),
      x_(static_cast<std::size_t>(model.memory_size * residual_stride(model.steps))),
      bits_(words(model.steps, model.memory_size)),
      hidden_(words(model.steps, model.hidden_size)),
      flat_(classifier_.flat_bytes()),
      acc_(model.labels.size()),
      logits_(model.labels.size()),
      posteriors_(model.labels.size()) {
  for (const BlockWeights& block : model.blocks) {
    weights_.emplace_back(block, kernels);
  }
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Branch& branch = model.branches[b];
    for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
      const std::uint8_t index = branch.blocks[i];
      blocks_[b].emplace_back(model, index, weights_[index], branch.params[i], kernels);
    }
  }
  for (std::size_t i = 0; i < samples_.size(); ++i) {  // a vowel of sorts
    const auto t = static_cast<float>(i) / 16000.0F;
    samples_[i] = 0.2F * std::sin(750.0F * t) + 0.1F * std::sin(6900.0F * t) + 0.02F * std::sin(21000.0F * t);
  }
  features();  // the first frame needs more samples than the others
  features();
  run_whole(BranchId::full);
}

double StagedWindow::hop_seconds() const noexcept {
  return static_cast<double>(samples_.size()) / model_->features.sample_rate_hz;
}

void StagedWindow::run(Stage stage, BranchId branch) noexcept {
  const std::vector<Block>& blocks = blocks_[static_cast<std::size_t>(branch)];
  switch (stage) {
    case Stage::mfcc:
      return features();
    case Stage::front_end:
      return front_end();
    case Stage::memory:
      for (const Block& block : blocks) block.memory(x_.data(), bits_.data());
      return;
    case Stage::expand:
      for (const Block& block : blocks) block.expand(bits_.data(), hidden_.data());
      return;
    case Stage::project:
      for (const Block& block : blocks) block.project(hidden_.data(), x_.data());
      return;
    case Stage::classifier:
      return classify(branch);
  }
}

void StagedWindow::run_in_stream(BranchId branch) noexcept {
  front_end();
  blocks(branch);
  classify(branch);
}

void StagedWindow::run_whole(BranchId branch) noexcept {
  stream_.reset();
  for (int i = 0; i < model_->window_frames(); ++i) {
    stream_.push_frame(frame_);
  }
  stream_.window(model_->steps, model_->step_stride_frames(), x_.data());
  blocks(branch);
  classify(branch);
}

void StagedWindow::features() noexcept {
  framer_.push(samples_, [this](std::span<const float> samples, std::int64_t /*index*/) {
    mfcc_.compute_quantized(samples, frame_);
  });
}

void StagedWindow::front_end() noexcept {
  for (std::size_t i = 0; i < samples_.size(); i += model_->features.hop_samples) {
    stream_.push_frame(frame_);
  }
  stream_.window(model_->steps, model_->step_stride_frames(), x_.data());
}

void StagedWindow::blocks(BranchId branch) noexcept {
  for (const Block& block : blocks_[static_cast<std::size_t>(branch)]) {
    block.memory(x_.data(), bits_.data());
    block.expand(bits_.data(), hidden_.data());
    block.project(hidden_.data(), x_.data());
  }
}

void StagedWindow::classify(BranchId branch) noexcept {
  const ClassifierParams& params = model_->branches[static_cast<std::size_t>(branch)].classifier;
  classifier_.quantize(params, x_.data(), flat_.data());
  classifier_.logits(params, flat_.data(), acc_, logits_);
  softmax(logits_, posteriors_);
}

}  // namespace kwsd
