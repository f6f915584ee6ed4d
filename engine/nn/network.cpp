#include "engine/nn/network.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/fixed_point.h"
#include "engine/model/error.h"
#include "engine/nn/front_end.h"

namespace kwsd {
namespace {

std::size_t size(int n) noexcept {
  return static_cast<std::size_t>(n);
}

/// The int16 taps of a memory filter with its BN folded in (model.h, BlockParams::memory): [C][8].
AlignedVector<std::int16_t> fold_taps(const BlockWeights& weights, const Affine& affine) {
  AlignedVector<std::int16_t> taps(affine.channels.size() * 8);
  for (std::size_t c = 0; c < affine.channels.size(); ++c) {
    for (std::size_t k = 0; k < 5; ++k) {
      taps[c * 8 + k] = saturate16((weights.memory[c * 5 + k] * affine.channels[c].mult + 64) >> 7);
    }
  }
  return taps;
}

/// e^x for x <= 0, the same bits on every machine: 2^n * 2^f, Taylor to the 6th order on |f ln 2| < 0.35.
float exponential(float x) noexcept {
  const float y = std::max(x, -80.0F) * 1.44269504F;
  const float n = std::floor(y + 0.5F);
  const float r = (y - n) * 0.69314718F;
  const float e = ((((r / 720 + 1.0F / 120) * r + 1.0F / 24) * r + 1.0F / 6) * r + 0.5F) * r;
  return std::ldexp((e + 1.0F) * r + 1.0F, static_cast<int>(n));
}

void softmax(std::span<const float> logits, std::span<float> posteriors) noexcept {
  const float top = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (std::size_t n = 0; n < logits.size(); ++n) {
    posteriors[n] = exponential(logits[n] - top);
    sum += posteriors[n];
  }
  for (float& posterior : posteriors) {
    posterior /= sum;
  }
}

}  // namespace

/// One block of one branch, prepared.
struct BlockPlan {
  const BlockWeights* weights = nullptr;
  const BlockParams* params = nullptr;
  const Prepared* expand = nullptr;   // shared by the branches
  const Prepared* project = nullptr;  // shared by the branches
  AlignedVector<std::int16_t> taps;   // [C][8], int8 memory only
  Prepared hidden_at_least;
};

struct Network::Impl {
  Impl(std::shared_ptr<const Model> m, const Kernels& k)
      : model(std::move(m)), kernels(&k), front_end(*model, k) {}
  std::shared_ptr<const Model> model;
  const Kernels* kernels;
  FrontEnd front_end;
  std::vector<Prepared> expand;                            // [blocks]
  std::vector<Prepared> project;                           // [blocks]
  std::array<std::vector<BlockPlan>, branch_count> plans;  // [branch][its blocks]
  Prepared classifier;                                     // int8
};

Network::Network(std::shared_ptr<const Model> model, const Kernels& kernels) {
  auto impl = std::make_unique<Impl>(std::move(model), kernels);
  const Model& m = *impl->model;
  for (const BlockWeights& block : m.blocks) {
    impl->expand.push_back(kernels.prepare_bits(block.expand));
    impl->project.push_back(kernels.prepare_bits(block.project));
  }
  for (std::size_t b = 0; b < m.branches.size(); ++b) {
    const Branch& branch = m.branches[b];
    for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
      const std::size_t block = branch.blocks[i];
      BlockPlan plan;
      plan.weights = &m.blocks[block];
      plan.params = &branch.params[i];
      plan.expand = &impl->expand[block];
      plan.project = &impl->project[block];
      if (plan.weights->memory_kind == LayerKind::int8) {
        plan.taps = fold_taps(*plan.weights, plan.params->memory);
      }
      plan.hidden_at_least = kernels.prepare_thresholds(plan.params->hidden_at_least, m.memory_size);
      impl->plans[b].push_back(std::move(plan));
    }
  }
  if (m.classifier.kind == LayerKind::int8) {
    impl->classifier = kernels.prepare_int8(m.classifier.int8, m.classifier.outputs, m.classifier.inputs);
  }
  impl_ = std::move(impl);
}

Network::~Network() = default;
const Model& Network::model() const noexcept {
  return *impl_->model;
}
const Kernels& Network::kernels() const noexcept {
  return *impl_->kernels;
}

struct Stream::Impl {
  const Network::Impl* network = nullptr;
  const Model* model = nullptr;
  const Kernels* kernels = nullptr;

  // Frames of the longest step, twice over, so that any `step_frames` in a row are contiguous.
  AlignedVector<std::int8_t> frames;  // [2 * step_frames][coefficients]
  std::int64_t frames_seen = 0;
  // Front-end steps by the frame they end at, a ring over the frames of one window.
  AlignedVector<std::int16_t> steps;   // [window_frames][C]
  std::vector<std::int64_t> step_end;  // [window_frames], frame index + 1, 0 = empty
  FrontEnd::Scratch scratch;

  AlignedVector<std::int16_t> residual;  // [C][residual_stride(T)]
  AlignedVector<std::uint64_t> bits;     // [T][row_words(C)]
  AlignedVector<std::uint64_t> hidden;   // [T][row_words(H)]
  AlignedVector<std::int8_t> flat;       // (C * T), rounded up
  AlignedVector<std::int32_t> acc;       // (labels)
  std::vector<float> logits;             // (labels)

  void front_end_step(std::int64_t end) noexcept;
  void gather_steps() noexcept;
  void memory_bit1(const BlockPlan& block) noexcept;
  void run_block(const BlockPlan& block) noexcept;
  void classifier(const ClassifierParams& params) noexcept;
};

Stream::Stream(const Network& network) : impl_(std::make_unique<Impl>()) {
  Impl& s = *impl_;
  const Model& m = network.model();
  s.network = network.impl_.get();
  s.model = &m;
  s.kernels = s.network->kernels;
  const int stride = residual_stride(m.steps);
  s.frames.resize(size(2 * m.window_frames()) * m.features.coefficients);
  s.steps.resize(size(m.window_frames() * m.memory_size));
  s.step_end.assign(size(m.window_frames()), 0);
  s.scratch = s.network->front_end.make_scratch();
  s.residual.resize(size(m.memory_size * stride));
  s.bits.resize(size(m.steps * BitMatrix::row_words_for(m.memory_size)));
  s.hidden.resize(size(m.steps * BitMatrix::row_words_for(m.hidden_size)));
  s.flat.resize(size((m.memory_size * m.steps + 63) / 64 * 64));
  s.acc.resize(m.labels.size());
  s.logits.resize(m.labels.size());
}

Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;

void Stream::reset() noexcept {
  impl_->frames_seen = 0;
  std::fill(impl_->step_end.begin(), impl_->step_end.end(), 0);
}

void Stream::push_frame(std::span<const std::int8_t> frame) noexcept {
  Impl& s = *impl_;
  const int ring = s.model->window_frames();
  const auto slot = static_cast<std::ptrdiff_t>(s.frames_seen % ring);
  const auto width = static_cast<std::ptrdiff_t>(s.model->features.coefficients);
  std::copy_n(frame.data(), width, s.frames.data() + slot * width);
  std::copy_n(frame.data(), width, s.frames.data() + (slot + ring) * width);
  ++s.frames_seen;
}

bool Stream::window_ready() const noexcept {
  return impl_->frames_seen >= impl_->model->window_frames();
}

std::span<const float> Stream::logits() const noexcept {
  return impl_->logits;
}

void Stream::classify(BranchId branch, std::span<float> posteriors) noexcept {
  Impl& s = *impl_;
  const auto index = static_cast<std::size_t>(branch);
  s.gather_steps();
  for (const BlockPlan& block : s.network->plans[index]) {
    s.run_block(block);
  }
  s.classifier(s.model->branches[index].classifier);
  softmax(s.logits, posteriors);
}

/// Computes the step whose last frame is number `end` - 1, unless it is there from an earlier window.
void Stream::Impl::front_end_step(std::int64_t end) noexcept {
  const int ring = model->window_frames();
  const auto slot = static_cast<std::size_t>(end % ring);
  if (step_end[slot] == end) {
    return;
  }
  const auto first = static_cast<std::ptrdiff_t>((end - model->step_frames()) % ring);
  const auto channels = size(model->memory_size);
  network->front_end.compute(
      frames.data() + first * static_cast<std::ptrdiff_t>(model->features.coefficients), scratch,
      std::span(steps).subspan(slot * channels, channels));
  step_end[slot] = end;
}

/// Front-end steps of the window that ends now -> residual stream [C][T].
void Stream::Impl::gather_steps() noexcept {
  const int ring = model->window_frames();
  const int stride = residual_stride(model->steps);
  for (int t = 0; t < model->steps; ++t) {
    const std::int64_t end = frames_seen - (model->steps - 1 - t) * model->step_stride_frames();
    front_end_step(end);
    const std::int16_t* step = steps.data() + (end % ring) * model->memory_size;
    for (int c = 0; c < model->memory_size; ++c) {
      residual[size(c * stride + t)] = step[c];
    }
  }
}

/// m = x + PReLU(BN(memory(x))); y = m + PReLU(BN(W2 bits(BN(W1 bits(m))))) (paper, section 3.1).
void Stream::Impl::run_block(const BlockPlan& block) noexcept {
  const Model& m = *model;
  if (block.weights->memory_kind == LayerKind::int8) {
    kernels->memory(block.taps.data(), block.params->memory, m.memory_size, m.steps, residual.data(),
                    bits.data());
  } else {
    memory_bit1(block);
  }
  kernels->expand(*block.expand, block.hidden_at_least, m.hidden_size, m.memory_size, bits.data(), m.steps,
                  hidden.data());
  kernels->project(*block.project, block.params->project, m.memory_size, m.hidden_size, hidden.data(),
                   m.steps, residual.data());
}

/// The 1-bit memory filter, shortcut and signs (the paper's own net).
void Stream::Impl::memory_bit1(const BlockPlan& block) noexcept {
  const int stride = residual_stride(model->steps);
  const int words = BitMatrix::row_words_for(model->memory_size);
  const Affine& affine = block.params->memory;
  std::fill(bits.begin(), bits.end(), 0U);
  for (int c = 0; c < model->memory_size; ++c) {
    const ChannelAffine& channel = affine.channels[size(c)];
    const std::int8_t* taps = block.weights->memory.data() + c * 5;
    const int at_least = block.params->memory_sign_at_least[size(c)];
    std::int16_t* x = residual.data() + c * stride;
    int history[5] = {1, 1, 1, 1, 1};  // signs of x[t - 2 .. t + 2]
    const auto sign_at = [&](int t) { return t >= model->steps || x[t] >= at_least ? 1 : -1; };
    history[3] = sign_at(0);
    history[4] = sign_at(1);
    for (int t = 0; t < model->steps; ++t) {
      std::copy(history + 1, history + 5, history);
      history[4] = sign_at(t + 2);
      int acc_taps = 0;
      for (int k = 0; k < 5; ++k) {
        acc_taps += history[k] * taps[k];
      }
      const std::int16_t v = add16(mul_q15(scale16(acc_taps, affine.shift), channel.mult), channel.bias);
      x[t] = add16(x[t], prelu16(v, channel.slope));
      if (x[t] >= channel.sign_at_least) {
        bits[size(t * words + c / 64)] |= std::uint64_t{1} << (c % 64);
      }
    }
  }
}

void Stream::Impl::classifier(const ClassifierParams& params) noexcept {
  const Model& m = *model;
  const int stride = residual_stride(m.steps);
  for (int c = 0; c < m.memory_size; ++c) {
    const ChannelAffine& channel = params.input.channels[size(c)];
    for (int t = 0; t < m.steps; ++t) {
      const std::int16_t u = scale16(residual[size(c * stride + t)], params.input.shift);
      const std::int16_t v = add16(mul_q15(u, channel.mult), channel.bias);
      flat[size(c * m.steps + t)] = static_cast<std::int8_t>(std::clamp<int>(v, -127, 127));
    }
  }
  const int inputs = m.memory_size * m.steps;
  const int labels = static_cast<int>(m.labels.size());
  if (m.classifier.kind == LayerKind::int8) {
    kernels->int8_dots(network->classifier, labels, inputs, flat.data(), inputs, 1, acc.data());
  }
  for (int n = 0; n < labels; ++n) {
    float sum = 0;
    if (m.classifier.kind == LayerKind::int8) {
      sum = static_cast<float>(acc[size(n)]);
    } else {
      for (int k = 0; k < inputs; ++k) {
        sum += m.classifier.float32[size(n * inputs + k)] * static_cast<float>(flat[size(k)]);
      }
    }
    logits[size(n)] = params.scale[size(n)] * sum + params.bias[size(n)];
  }
}

}  // namespace kwsd
