// The integer network of engine/model/model.h in torch, a batch at a time, exact. The exporter carries
// clips through it while it chooses shifts, and checks the engine against it. It shares no code with
// engine/nn or engine/kernels. Thread: any.
//
// All tensors are int64, channels last: [B][time][freq][channels] in the front-end, [B][T][C] after it.
// Bits are -1 and +1, planes are levels (odd numbers).
#pragma once

#include <torch/torch.h>

#include "engine/model/model.h"

namespace kwsd::train::integer {

/// fixed_point.h on tensors.
[[nodiscard]] torch::Tensor saturate16(const torch::Tensor& v);
[[nodiscard]] torch::Tensor scale16(const torch::Tensor& v, int shift);
[[nodiscard]] torch::Tensor mul_q15(const torch::Tensor& a, const torch::Tensor& b);

/// BN and PReLU: add16(mul_q15(scale16(acc, shift), mult), bias), then the slope.
[[nodiscard]] torch::Tensor activate(const Affine& affine, const torch::Tensor& acc);

/// acc [B][time][freq][out_channels] of a front-end layer.
[[nodiscard]] torch::Tensor conv_dots(const ConvLayer& layer, const torch::Tensor& x);
/// The layer's output, from its accumulators.
[[nodiscard]] torch::Tensor conv_output(const ConvLayer& layer, const torch::Tensor& acc);

/// Sum of the ±1 memory taps: [B][T][C].
[[nodiscard]] torch::Tensor memory_dots(const BlockWeights& weights, const BlockParams& params,
                                        const torch::Tensor& x);
/// m of BlockParams: memory filter, PReLU, shortcut.
[[nodiscard]] torch::Tensor memory(const BlockWeights& weights, const BlockParams& params,
                                   const torch::Tensor& x);
/// Hidden bits [B][T][H] from m.
[[nodiscard]] torch::Tensor expand(const BlockWeights& weights, const BlockParams& params,
                                   const torch::Tensor& m);
/// y from m and the hidden bits.
[[nodiscard]] torch::Tensor project(const BlockWeights& weights, const BlockParams& params,
                                    const torch::Tensor& m, const torch::Tensor& hidden);
/// Logits, float [B][labels], from the residual stream.
[[nodiscard]] torch::Tensor classify(const Model& model, const Branch& branch, const torch::Tensor& x);

/// The residual stream after the front-end. frames: [B][window_frames][coefficients].
[[nodiscard]] torch::Tensor front_end(const Model& model, const torch::Tensor& frames);
/// Of a streaming model: logits [B][steps][labels] of one branch, for streams whose first step ends with
/// frame step_frames - 1. Blocks that look ahead have fewer outputs than steps.
[[nodiscard]] torch::Tensor stream_logits(const Model& model, BranchId branch, const torch::Tensor& frames);
/// The same from the residual stream after the last block.
[[nodiscard]] torch::Tensor classify_steps(const Model& model, const Branch& branch, const torch::Tensor& x);
/// Logits [B][labels] of one branch of a window net.
[[nodiscard]] torch::Tensor logits(const Model& model, BranchId branch, const torch::Tensor& frames);

}  // namespace kwsd::train::integer
