#include "engine/nn/network.h"

#include <array>
#include <utility>
#include <vector>

#include "engine/nn/block.h"
#include "engine/nn/classifier.h"
#include "engine/nn/front_end.h"

namespace kwsd {

struct Network::Impl {
  Impl(std::shared_ptr<const Model> m, const Kernels& k);

  std::shared_ptr<const Model> model;
  const Kernels* kernels;
  FrontEnd front_end;
  std::vector<PreparedBlock> weights;                   // [blocks]
  std::array<std::vector<Block>, branch_count> blocks;  // [branch][its blocks]
  Classifier classifier;
};

Network::Impl::Impl(std::shared_ptr<const Model> m, const Kernels& k)
    : model(std::move(m)), kernels(&k), front_end(*model, k), classifier(*model, k) {
  for (const BlockWeights& block : model->blocks) {
    weights.emplace_back(block, k);
  }
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const Branch& branch = model->branches[b];
    for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
      const int index = branch.blocks[i];
      blocks[b].emplace_back(*model, index, weights[branch.blocks[i]], branch.params[i], k);
    }
  }
}

Network::Network(std::shared_ptr<const Model> model, const Kernels& kernels)
    : impl_(std::make_unique<const Impl>(std::move(model), kernels)) {}

Network::~Network() = default;
const Model& Network::model() const noexcept {
  return *impl_->model;
}
const Kernels& Network::kernels() const noexcept {
  return *impl_->kernels;
}

struct Stream::Impl {
  Impl(const Network& n, Observer o);

  void gather_steps() noexcept;
  void run_block(const Block& block) noexcept;
  void classify(const ClassifierParams& params) noexcept;

  void observe_residual(std::string_view name, int index);
  void observe_hidden(int index);
  void observe_flat();

  const Network::Impl* network;
  const Model* model;
  Observer observer;
  FrontEndStream front_end;

  AlignedVector<std::int16_t> x;        // [C][residual_stride(T)], the residual stream
  AlignedVector<std::uint64_t> bits;    // [T][row_words(C)]
  AlignedVector<std::uint64_t> hidden;  // [T][row_words(H)]
  AlignedVector<std::int8_t> flat;      // [C][T]
  std::vector<std::int32_t> acc;        // (labels)
  std::vector<float> logits;            // (labels)
};

/// The whole network, top to bottom.
void Stream::classify(BranchId branch, std::span<float> posteriors) noexcept {
  Impl& s = *impl_;
  const auto b = static_cast<std::size_t>(branch);
  s.gather_steps();
  for (const Block& block : s.network->blocks[b]) {
    s.run_block(block);
  }
  s.classify(s.model->branches[b].classifier);
  softmax(s.logits, posteriors);
}

/// Front-end: the T steps of the window that ends now -> x [C][T].
void Stream::Impl::gather_steps() noexcept {
  front_end.window(model->steps, model->step_stride_frames(), x.data());
  if (observer) observe_residual("steps", 0);
}

/// m = x + PReLU(BN(memory(x))); y = m + PReLU(BN(W2 bits(BN(W1 bits(m))))).
void Stream::Impl::run_block(const Block& block) noexcept {
  block.memory(x.data(), bits.data());
  if (observer) observe_residual("memory", block.index());
  block.expand(bits.data(), hidden.data());
  if (observer) observe_hidden(block.index());
  block.project(hidden.data(), x.data());
  if (observer) observe_residual("project", block.index());
}

void Stream::Impl::classify(const ClassifierParams& params) noexcept {
  network->classifier.quantize(params, x.data(), flat.data());
  if (observer) observe_flat();
  network->classifier.logits(params, flat.data(), acc, logits);
}

Stream::Impl::Impl(const Network& n, Observer o)
    : network(n.impl_.get()),
      model(network->model.get()),
      observer(std::move(o)),
      front_end(network->front_end, observer ? &observer : nullptr) {
  const auto steps = static_cast<std::size_t>(model->steps);
  const auto words = [](int channels) {
    return static_cast<std::size_t>(BitMatrix::row_words_for(channels));
  };
  x.resize(static_cast<std::size_t>(model->memory_size * residual_stride(model->steps)));
  bits.resize(steps * words(model->memory_size));
  hidden.resize(steps * words(model->hidden_size));
  flat.resize(network->classifier.flat_bytes());
  acc.resize(model->labels.size());
  logits.resize(model->labels.size());
}

Stream::Stream(const Network& network, Observer observer)
    : impl_(std::make_unique<Impl>(network, std::move(observer))) {}

Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;

void Stream::reset() noexcept {
  impl_->front_end.reset();
}
void Stream::push_frame(std::span<const std::int8_t> frame) noexcept {
  impl_->front_end.push_frame(frame);
}
bool Stream::window_ready() const noexcept {
  return impl_->front_end.frames_seen() >= impl_->model->window_frames();
}
std::span<const float> Stream::logits() const noexcept {
  return impl_->logits;
}

void Stream::Impl::observe_residual(std::string_view name, int index) {
  std::vector<std::int32_t> values;
  for (int c = 0; c < model->memory_size; ++c) {
    const std::int16_t* row = x.data() + c * residual_stride(model->steps);
    values.insert(values.end(), row, row + model->steps);
  }
  observer({.name = name, .index = index, .end = front_end.frames_seen(), .values = values});
}

void Stream::Impl::observe_hidden(int index) {
  std::vector<std::int32_t> values;
  for (int t = 0; t < model->steps; ++t) {
    const std::uint64_t* row = hidden.data() + t * BitMatrix::row_words_for(model->hidden_size);
    for (int n = 0; n < model->hidden_size; ++n) {
      values.push_back(((row[n / 64] >> (n % 64)) & 1U) != 0 ? 1 : -1);
    }
  }
  observer({.name = "hidden", .index = index, .end = front_end.frames_seen(), .values = values});
}

void Stream::Impl::observe_flat() {
  const std::vector<std::int32_t> values(flat.begin(), flat.begin() + model->memory_size * model->steps);
  observer({.name = "classifier input", .index = 0, .end = front_end.frames_seen(), .values = values});
}

}  // namespace kwsd
