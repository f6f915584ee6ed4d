// The convolutions and the linear layer: quantized MFCC frames -> steps of the residual stream.
//
// No layer pads in time, so an output row of any layer is a function of the frame it ends at: row(layer, f)
// needs the rows of the layer below that end at f, f - s, f - 2s, ..., with s the product of the time strides
// below. A stream keeps the rows of one window (streaming: of one step) in rings and computes each of them
// once, when it is asked for. Of a net whose steps are asked for one after the other (Model::runs_in_steps)
// the rings between two layers hold the rows that one row takes in; that, too, computes each row once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/model/limits.h"
#include "engine/model/model.h"
#include "engine/nn/epilogue.h"
#include "engine/nn/observer.h"

namespace kwsd {

/// The front-end of one model, prepared for one kernel set. Immutable.
class FrontEnd {
 public:
  FrontEnd(const Model& model, const Kernels& kernels);

 private:
  friend class FrontEndStream;

  /// How the rows between two layers lie in memory: one sub-row a bit plane (one in all for int8), each of
  /// `freq` pixels with `pad` pixels of "outside" at both ends.
  struct RowLayout {
    int planes = 1;
    int freq = 1, pad = 0;
    std::size_t pixel_bytes = 1;
    std::byte outside{0};  ///< 0 for int8, all bits +1 for bits and planes
    int kept = 1;          ///< rows that a stream keeps: those that end in the last `kept` frames

    [[nodiscard]] std::size_t plane_bytes() const noexcept;
    [[nodiscard]] std::size_t row_bytes() const noexcept;
  };
  struct Layer {
    Layer(const ConvLayer& conv, const Kernels& kernels, int stride_below);
    /// The maximum over the rows of such a layer.
    struct Pool {
      int freq = 1;  ///< positions of a group
      std::size_t channels = 0;
    };
    Layer(const ConvLayer& conv, Pool groups, int stride_below);
    /// From the end of the first row that one of its rows takes in to the end of the last, inclusive.
    [[nodiscard]] int reach_frames() const noexcept { return (kernel_time - 1) * frame_stride + 1; }

    int number = 0;         // in Model::front_end
    bool handed_on = true;  // to the next layer of the model; false: to the pool that follows
    Pool pool;              // channels 0: none
    int outputs, inputs, planes, positions;
    int kernel_time, frame_stride;  // rows taken in, and frames between them
    std::size_t kernel_row_bytes;   // [kernel_freq][in_channels], in each of the rows
    std::size_t position_bytes;     // from one position to the next: [stride_freq][in_channels]
    std::size_t patch_bytes;        // one position's inputs, with what the kernels want after them
    bool is_bits;
    BitLayer bits;  // one of the two, or none in a pool
    Int8Layer int8;
    std::optional<Epilogue> epilogue;  // none in a pool
  };

  const Kernels* kernels_;
  std::vector<Layer> layers_;
  std::vector<RowLayout> rows_;  // rows_[i] is what layer i takes in; the last is the residual stream
};

/// The rows of one stream. Thread: the inference thread; allocates only in its constructor.
class FrontEndStream {
 public:
  /// `front_end` and `observer` (may be null) must outlive the stream.
  FrontEndStream(const FrontEnd& front_end, const Observer* observer);

  void reset() noexcept;
  /// One frame of features: (coefficients).
  void push_frame(std::span<const std::int8_t> frame) noexcept;
  [[nodiscard]] std::int64_t frames_seen() const noexcept { return frames_seen_; }
  /// The step (memory_size) whose last frame was the `end`-th pushed. It and all that it depends on must lie
  /// in the newest window.
  const std::int16_t* step(std::int64_t end) noexcept;
  /// The `steps` steps of the window that ends now, `stride_frames` apart, into the residual stream
  /// [C][residual_stride(steps)].
  void window(int steps, int stride_frames, std::int16_t* residual) noexcept;

 private:
  /// The rows of one level, by the frame they end at modulo `kept`.
  struct Ring {
    AlignedVector<std::byte> rows;   // [kept][row_bytes]
    std::vector<std::int64_t> ends;  // [kept]; 0 = empty
  };
  using InputRows = std::array<const std::byte*, limits::kernel>;

  [[nodiscard]] std::byte* slot(std::size_t level, std::int64_t end) noexcept;
  const std::byte* row(std::size_t level, std::int64_t end) noexcept;
  void compute(std::size_t layer, std::int64_t end) noexcept;
  void multiply(const FrontEnd::Layer& layer, const InputRows& in, std::size_t plane_bytes) noexcept;
  void gather(const FrontEnd::Layer& layer, const InputRows& in, std::size_t offset) noexcept;
  static void largest(const FrontEnd::Layer& layer, const InputRows& in, std::byte* out) noexcept;
  void observe(std::size_t level, std::int64_t end);

  const FrontEnd* front_end_;
  const Observer* observer_;
  std::int64_t frames_seen_ = 0;
  std::vector<Ring> rings_;                // [layers + 1], as FrontEnd::rows_
  AlignedVector<std::byte> patches_;       // [positions][patch_bytes]
  AlignedVector<std::int16_t> dots_;       // [positions][outputs]
  AlignedVector<std::int32_t> acc_;        // [positions][outputs]
  AlignedVector<std::int16_t> activated_;  // [positions][outputs]
};

}  // namespace kwsd
