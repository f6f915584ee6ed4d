// The network on a stream: frames in, posteriors out. The page to read first.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"
#include "engine/nn/observer.h"

namespace kwsd {

/// A model prepared for one kernel set. Immutable after construction; shared by any number of streams.
class Network {
 public:
  /// Keeps `model` alive. The model must be one that parse_model (engine/model/model_file.h) accepts.
  Network(std::shared_ptr<const Model> model, const Kernels& kernels);
  ~Network();
  [[nodiscard]] const Model& model() const noexcept;
  [[nodiscard]] const Kernels& kernels() const noexcept;

 private:
  friend class Stream;
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

/// The state of one audio stream through a Network. Thread: one at a time; allocates only in its
/// constructor. Branches may change between any two calls of `classify` without a glitch: all of them
/// read the same front-end steps.
class Stream {
 public:
  /// `network` must outlive the stream. The observer, where one is given, sees what each layer computes; it
  /// is called from classify and may allocate.
  explicit Stream(const Network& network, Observer observer = {});
  ~Stream();
  Stream(Stream&&) noexcept;

  /// Forgets all frames (after start, reconnect).
  void reset() noexcept;
  /// One frame of quantized features: (coefficients) int8.
  void push_frame(std::span<const std::int8_t> frame) noexcept;
  /// Whether a whole window of frames has been pushed since construction or reset.
  [[nodiscard]] bool window_ready() const noexcept;
  /// Posteriors of the window that ends with the last frame pushed: (labels), in [0, 1], sum 1.
  /// Front-end steps that an earlier window computed are reused. Requires window_ready().
  void classify(BranchId branch, std::span<float> posteriors) noexcept;
  /// Logits of the last classify: (labels).
  [[nodiscard]] std::span<const float> logits() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kwsd
