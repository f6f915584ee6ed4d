#include "engine/nn/network.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "engine/features/mfcc.h"
#include "engine/nn/front_end.h"
#include "engine/nn/second_stage.h"
#include "engine/nn/step_net.h"
#include "engine/nn/window_net.h"

namespace kwsd {

struct Network::Impl {
  Impl(std::shared_ptr<const Model> m, const Kernels& k);

  std::shared_ptr<const Model> model;
  const Kernels* kernels;
  FrontEnd front_end;
  std::optional<WindowNet> window;  // of a window model
  std::optional<StepNet> steps;     // of a streaming model
  std::unique_ptr<const Network> second;
  std::vector<std::int8_t> silence;  // (coefficients); of a streaming model
};

Network::Impl::Impl(std::shared_ptr<const Model> m, const Kernels& k)
    : model(std::move(m)), kernels(&k), front_end(*model, k) {
  if (model->streaming) {
    steps.emplace(*model, k);
    silence.resize(model->features.coefficients);
    Mfcc(model->features).compute_quantized(std::vector<float>(model->features.frame_samples), silence);
  } else {
    window.emplace(*model, k);
  }
  if (model->second) {
    second =
        std::make_unique<const Network>(std::shared_ptr<const Model>(model->second, &model->second->net), k);
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
std::span<const std::int8_t> Network::silence() const noexcept {
  return impl_->silence;
}

struct Stream::Impl {
  Impl(const Network& n, Observer o, KeptBranches kept);

  [[nodiscard]] StepStream& steps_of(BranchId branch) noexcept;
  void push_step() noexcept;

  const Network::Impl* network;
  const Model* model;
  Observer observer;
  FrontEndStream front_end;
  std::optional<WindowStream> window;
  std::vector<StepStream> steps;  // one, or one a branch
  std::optional<SecondStageStream> second;
  std::vector<Posteriors> results;
};

Stream::Impl::Impl(const Network& n, Observer o, KeptBranches kept)
    : network(n.impl_.get()),
      model(network->model.get()),
      observer(std::move(o)),
      front_end(network->front_end, observer ? &observer : nullptr),
      results(1) {
  const Observer* const seen_by = observer ? &observer : nullptr;
  if (network->window) {
    window.emplace(*network->window, seen_by);
  } else {
    results.reserve(most_pending_steps);
    for (int i = 0; i < (kept == KeptBranches::all ? branch_count : 1); ++i) {
      steps.emplace_back(*network->steps, seen_by);
    }
  }
  if (network->second) {
    second.emplace(*model, *network->second, seen_by);
  }
}

StepStream& Stream::Impl::steps_of(BranchId branch) noexcept {
  return steps[steps.size() > 1 ? static_cast<std::size_t>(branch) : 0];
}

/// The step that ends with the newest frame, if one does.
void Stream::Impl::push_step() noexcept {
  const std::int64_t after_first = front_end.frames_seen() - model->step_frames();
  if (after_first < 0 || after_first % model->step_stride_frames() != 0) {
    return;
  }
  const std::int16_t* step = front_end.step(front_end.frames_seen());
  for (StepStream& stream : steps) {
    stream.push(step);
  }
}

std::span<Posteriors> Stream::classify(BranchId branch) noexcept {
  Impl& s = *impl_;
  if (s.window) {
    s.window->run(s.front_end, branch);
    s.results[0] = {s.front_end.frames_seen(), s.window->logits(), s.window->posteriors()};
    if (s.second) {
      s.second->apply(s.results[0]);
    }
    return s.results;
  }
  s.results.clear();
  for (const StepStream::Result& result : s.steps_of(branch).run(branch)) {
    const std::int64_t end = s.model->step_frames() + result.step * s.model->step_stride_frames();
    s.results.push_back({end, result.logits, result.posteriors});
    if (s.second) {
      s.second->apply(s.results.back());
    }
  }
  return s.results;
}

void Stream::classify(BranchId branch, std::span<float> posteriors) noexcept {
  const auto results = classify(branch);
  std::fill(posteriors.begin(), posteriors.end(), 0.0F);
  if (!results.empty()) {
    std::copy(results.back().values.begin(), results.back().values.end(), posteriors.begin());
  }
}

Stream::Stream(const Network& network, Observer observer, KeptBranches kept)
    : impl_(std::make_unique<Impl>(network, std::move(observer), kept)) {}

Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;

void Stream::reset() noexcept {
  impl_->front_end.reset();
  for (StepStream& stream : impl_->steps) {
    stream.reset();
  }
  if (impl_->second) {
    impl_->second->reset();
  }
}

void Stream::push_frame(std::span<const std::int8_t> frame) noexcept {
  impl_->front_end.push_frame(frame);
  if (!impl_->steps.empty()) {
    impl_->push_step();
  }
  if (impl_->second) {
    impl_->second->push_frame(frame);
  }
}

bool Stream::window_ready() const noexcept {
  const Model& model = *impl_->model;
  return impl_->front_end.frames_seen() >= (model.streaming ? model.step_frames() : model.window_frames());
}

std::span<const float> Stream::logits() const noexcept {
  return impl_->results.empty() ? std::span<const float>{} : impl_->results.back().logits;
}

SecondStageCounts Stream::second_stage() const noexcept {
  return impl_->second ? impl_->second->counts() : SecondStageCounts{};
}

}  // namespace kwsd
