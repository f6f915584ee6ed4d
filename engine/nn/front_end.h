// The convolutions and the linear layer: quantized MFCC frames -> steps of the residual stream.
//
// No layer pads in time, so a step depends on its own `step_frames` frames only and is computed once
// per stream. Thread: prepare at set-up; compute on the inference thread, allocation-free.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/model/model.h"

namespace kwsd {

/// The front-end of one model, prepared for one kernel set. Immutable.
class FrontEnd {
 public:
  FrontEnd(const Model& model, const Kernels& kernels);

  /// Buffers that one call of compute works in; one per stream.
  struct Scratch {
    AlignedVector<std::int8_t> activations[2];  // [time][freq][channels], int8 values or few-bit codes
    AlignedVector<std::int8_t> patches;         // [positions][inputs rounded up to 16]
    AlignedVector<std::uint64_t> bit_patches;   // [positions][row_words]
    AlignedVector<std::int16_t> dots;           // [positions][out_channels]
    AlignedVector<std::int32_t> accumulators;   // [positions][out_channels]
  };
  [[nodiscard]] Scratch make_scratch() const;

  /// One step. frames: [step_frames][coefficients] int8, contiguous; out: (memory_size).
  void compute(const std::int8_t* frames, Scratch& scratch, std::span<std::int16_t> out) const noexcept;

 private:
  struct Layer {
    ConvLayer shape;  // as in the model; its weights are in `prepared`
    Prepared prepared;
    int in_time = 0;    // rows of input for one step
    int out_time = 0;   // rows of output for one step
    int positions = 0;  // out_time * out_freq
  };
  void gather_int8(const Layer& layer, const std::int8_t* in, Scratch& scratch) const noexcept;
  void gather_plane(const Layer& layer, const std::int8_t* in, int plane, Scratch& scratch) const noexcept;
  void multiply(const Layer& layer, const std::int8_t* in, Scratch& scratch) const noexcept;

  const Kernels* kernels_;
  std::vector<Layer> layers_;
};

}  // namespace kwsd
