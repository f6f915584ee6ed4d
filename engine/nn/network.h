// The network on a stream: frames in, posteriors out. The page to read first.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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
  /// The frame of digital silence: (coefficients); empty for a window model.
  [[nodiscard]] std::span<const std::int8_t> silence() const noexcept;

 private:
  friend class Stream;
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

/// The network's output for the sound up to a frame.
struct Posteriors {
  std::int64_t end_frame = 0;     ///< the number of frames pushed at its last frame
  std::span<const float> logits;  ///< (labels), of the first stage
  std::span<float> values;        ///< (labels), in [0, 1], sum 1
};

/// Counters of a second stage.
struct SecondStageCounts {
  std::int64_t openings = 0;  ///< times that the gate opened
  std::int64_t windows = 0;   ///< that it computed: one a step while the gate is open
  double seconds = 0;         ///< that they took

  SecondStageCounts& operator+=(const SecondStageCounts& other) noexcept {
    openings += other.openings;
    windows += other.windows;
    seconds += other.seconds;
    return *this;
  }
  SecondStageCounts& operator-=(const SecondStageCounts& other) noexcept {
    openings -= other.openings;
    windows -= other.windows;
    seconds -= other.seconds;
    return *this;
  }
};

/// Which branches a stream of a streaming model keeps in step. Each gives the same posteriors either way.
enum class KeptBranches {
  newest,  ///< the branch used last: a change costs a computation of all that the branch reaches
  all,     ///< for callers that use every branch at every step
};

/// The state of one audio stream through a Network. Thread: one at a time; allocates only in its
/// constructor. Branches may change between any two calls of `classify` without a glitch: all of them
/// read the same front-end steps, and give what they would give were they in force all the time.
class Stream {
 public:
  /// `network` must outlive the stream. The observer, if any, receives the output of each layer; it is called
  /// from push_frame and classify and may allocate.
  explicit Stream(const Network& network, Observer observer = {}, KeptBranches kept = KeptBranches::newest);
  ~Stream();
  Stream(Stream&&) noexcept;

  /// Forgets all frames (after start, reconnect).
  void reset() noexcept;
  /// One frame of quantized features: (coefficients) int8.
  void push_frame(std::span<const std::int8_t> frame) noexcept;
  /// Whether a whole window of frames (streaming: the frames of the first step) has been pushed since
  /// construction or reset.
  [[nodiscard]] bool window_ready() const noexcept;
  /// A window net: the posteriors of the window that ends with the last frame pushed; front-end steps
  /// computed for an earlier window are reused. A streaming net: those of all steps pushed since this branch
  /// was last used, at most most_pending_steps; none while the branch still looks ahead. Requires
  /// window_ready(). Valid until the next call.
  std::span<Posteriors> classify(BranchId branch) noexcept;
  /// The same; the newest posteriors: (labels), all 0 if there are none.
  void classify(BranchId branch, std::span<float> posteriors) noexcept;
  /// Logits of the newest posteriors of the last classify: (labels).
  [[nodiscard]] std::span<const float> logits() const noexcept;
  [[nodiscard]] SecondStageCounts second_stage() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kwsd
