#include "app/bench/staged_stream.h"

#include <cmath>

#include "app/bench/staged_window.h"

namespace kwsd {
namespace {

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}

}  // namespace

StagedStream::StagedStream(const Model& model, const Kernels& kernels)
    : model_(&model),
      framer_(static_cast<int>(model.features.frame_samples), static_cast<int>(model.features.hop_samples)),
      mfcc_(model.features),
      front_end_(model, kernels),
      frames_(front_end_, nullptr),
      net_(model, kernels),
      steps_(net_, nullptr),
      samples_(size(model.hop_frames()) * model.features.hop_samples),
      frame_(model.features.coefficients),
      new_steps_(model.hop_frames() / model.step_stride_frames()) {
  const std::size_t lanes = size(net_.lanes()), count = size(new_steps_);
  const std::size_t before = memory_taps - 1;
  rows_.resize((before + 2 * count) * lanes);
  for (std::size_t i = 0; i < before + count; ++i) in_.push_back(rows_.data() + i * lanes);
  for (std::size_t i = 0; i < count; ++i) out_.push_back(rows_.data() + (before + count + i) * lanes);
  bits_.resize(count * size(BitMatrix::row_words_for(model.memory_size)));
  hidden_.resize(count * size(BitMatrix::row_words_for(model.hidden_size)));
  inputs_.resize((size(model.steps) - 1 + count) * lanes);
  acc_.resize(count * model.labels.size());
  logits_.resize(model.labels.size());
  posteriors_.resize(model.labels.size());
  for (std::size_t i = 0; i < samples_.size(); ++i) {  // a vowel of sorts
    const auto t = static_cast<float>(i) / 16000.0F;
    samples_[i] = 0.2F * std::sin(750.0F * t) + 0.1F * std::sin(6900.0F * t) + 0.02F * std::sin(21000.0F * t);
  }
  features();  // the first frame needs more samples than the others
  features();
  for (int i = 0; i < model.step_frames() + model.reach_steps(BranchId::full) * model.step_stride_frames();
       i += model.hop_frames()) {
    run_in_stream(BranchId::full);
  }
}

double StagedStream::hop_seconds() const noexcept {
  return static_cast<double>(samples_.size()) / model_->features.sample_rate_hz;
}

void StagedStream::run(Stage stage, BranchId branch) noexcept {
  switch (stage) {
    case Stage::mfcc:
      return features();
    case Stage::front_end:
      return front_end();
    case Stage::memory:
    case Stage::expand:
    case Stage::project:
      return stage_of_blocks(stage, branch);
    case Stage::classifier:
      return classify(branch);
  }
}

void StagedStream::run_in_stream(BranchId branch) noexcept {
  front_end();
  (void)steps_.run(branch);
}

void StagedStream::run_whole(BranchId branch) noexcept {
  steps_.forget_branch();
  front_end();
  (void)steps_.run(branch);
}

void StagedStream::features() noexcept {
  framer_.push(samples_, [this](std::span<const float> samples, std::int64_t /*index*/) {
    mfcc_.compute_quantized(samples, frame_);
  });
}

/// The steps of one hop, as Stream::push_frame computes them.
void StagedStream::front_end() noexcept {
  for (std::size_t i = 0; i < samples_.size(); i += model_->features.hop_samples) {
    frames_.push_frame(frame_);
    const std::int64_t after_first = frames_.frames_seen() - model_->step_frames();
    if (after_first >= 0 && after_first % model_->step_stride_frames() == 0) {
      steps_.push(frames_.step(frames_.frames_seen()));
    }
  }
}

void StagedStream::stage_of_blocks(Stage stage, BranchId branch) noexcept {
  for (const StepBlock& block : net_.blocks(branch)) {
    if (stage == Stage::memory) {
      block.memory(in_.data(), new_steps_, out_.data(), bits_.data());
    } else if (stage == Stage::expand) {
      block.expand(bits_.data(), new_steps_, hidden_.data());
    } else {
      block.project(hidden_.data(), new_steps_, out_.data());
    }
  }
}

void StagedStream::classify(BranchId branch) noexcept {
  const std::size_t lanes = size(net_.lanes()), labels = logits_.size();
  for (std::size_t i = 0; i < out_.size(); ++i) {
    net_.quantize(branch, out_[i], inputs_.data() + (size(model_->steps) - 1 + i) * lanes);
  }
  net_.multiply(inputs_.data(), new_steps_, acc_.data());
  for (std::size_t i = 0; i < out_.size(); ++i) {
    net_.finish(branch, acc_.data() + i * labels, logits_, posteriors_);
  }
}

std::unique_ptr<StagedNet> make_staged_net(const Model& model, const Kernels& kernels) {
  if (model.streaming) {
    return std::make_unique<StagedStream>(model, kernels);
  }
  return std::make_unique<StagedWindow>(model, kernels);
}

}  // namespace kwsd
