#include "engine/nn/second_stage.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace kwsd {
namespace {

/// The observer's view of the second stage's layers.
Observer renamed(const Observer* observer) {
  if (observer == nullptr) {
    return {};
  }
  return [observer](const LayerOutput& out) {
    const std::string name = "second " + std::string(out.name);
    LayerOutput second = out;
    second.name = name;
    (*observer)(second);
  };
}

}  // namespace

SecondStageStream::SecondStageStream(const Model& model, const Network& network, const Observer* observer)
    : model_(&model),
      observer_(observer),
      frames_between_(model.streaming ? model.step_stride_frames() : model.hop_frames()),
      stream_(network, renamed(observer)),
      stream_stride_(network.model().step_stride_frames()),
      window_frames_(network.model().window_frames()),
      ring_frames_(window_frames_ + (model.streaming ? most_pending_steps * model.step_stride_frames() : 0)),
      frames_(static_cast<std::size_t>(ring_frames_) * model.features.coefficients),
      posteriors_(model.labels.size()) {}

void SecondStageStream::reset() noexcept {
  seen_ = computed_ = last_open_ = 0;
}

void SecondStageStream::push_frame(std::span<const std::int8_t> frame) noexcept {
  ++seen_;
  const std::size_t width = model_->features.coefficients;
  std::copy_n(frame.begin(), width,
              frames_.begin() +
                  static_cast<std::ptrdiff_t>(seen_ % ring_frames_) * static_cast<std::ptrdiff_t>(width));
}

/// Frame `number`, 1 the first; the first is repeated for the frames before it.
std::span<const std::int8_t> SecondStageStream::frame(std::int64_t number) const noexcept {
  const std::size_t width = model_->features.coefficients;
  const auto slot = static_cast<std::size_t>(std::max<std::int64_t>(number, 1) % ring_frames_);
  return std::span(frames_).subspan(slot * width, width);
}

bool SecondStageStream::opens(std::span<const float> posteriors) const noexcept {
  float sum = 0;
  for (std::size_t n = 0; n < posteriors.size(); ++n) {
    sum += model_->labels[n].kind == LabelKind::keyword ? posteriors[n] : 0.0F;
  }
  return sum >= model_->second->gate;
}

void SecondStageStream::apply(Posteriors& first) noexcept {
  if (!opens(first.values)) {
    return;
  }
  if (last_open_ == 0 || first.end_frame - last_open_ > frames_between_) {
    ++counts_.openings;
  }
  last_open_ = first.end_frame;
  compute(first.end_frame);
  for (std::size_t n = 0; n < posteriors_.size(); ++n) {
    first.values[n] = 0.5F * (first.values[n] + posteriors_[n]);
  }
}

/// posteriors_ = those of the window that ends with frame `end`.
void SecondStageStream::compute(std::int64_t end) noexcept {
  if (end == computed_) {
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  std::int64_t next = computed_ + 1;
  const bool between_steps = (end - computed_) % stream_stride_ != 0;
  if (computed_ == 0 || end < computed_ || end - computed_ >= window_frames_ || between_steps) {
    stream_.reset();
    next = end - window_frames_ + 1;
  }
  for (; next <= end; ++next) {
    stream_.push_frame(frame(next));
  }
  stream_.classify(BranchId::full, posteriors_);
  computed_ = end;
  ++counts_.windows;
  counts_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace kwsd
