// A model in memory: an immutable value, shared by all streams.
//
// The network (BiFSMN, paper section 3; C = memory size, H = hidden size, T = steps per window):
//
//   q        int8  [frames][coefficients]        features of one window
//   front-end: conv layers, no padding in time, `pad` at both ends of the coefficient axis
//            int8  [steps][freq][channels]       ... channels fastest
//   linear   int16 [C][T]                        one step = one flattened [freq][channels] row
//   blocks   m = x + PReLU(BN(memory(x))); y = m + PReLU(BN(W2 bits(BN(W1 bits(m)))))
//   classifier on the flattened [C][T]           -> logits -> softmax
//
// Because no layer of the front-end pads in time, step t of a window depends only on its own frames:
// a stream computes each step once and keeps it for all windows that contain it.
//
// A streaming model (Model::streaming) is the same network as a stream: step n ends at frame n times the step
// stride; every block is a filter over time whose taps may look back alone (BlockWeights::ahead), with zeros
// before the stream's first step; the classifier sees the block outputs of the newest T steps, and each step
// has a posterior. A second stage, of either kind of net, is a window net of its own that looks at
// candidates.
//
// The residual stream x is int16 fixed point; BN and PReLU are int16 (engine/kernels/fixed_point.h).
// BN + PReLU + sign are one integer comparison. sign(0) = +1 everywhere.
// Out-of-range taps: 0 for int8 and int16 data, +1 for 1-bit and few-bit data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/detect/detector_params.h"
#include "engine/features/feature_params.h"
#include "engine/kernels/operands.h"

namespace kwsd {

/// How a layer multiplies.
enum class LayerKind : std::uint8_t {
  bit1 = 1,     ///< 1-bit weights on 1-bit activations
  bitn = 2,     ///< 1-bit weights on `planes`-bit activations (odd levels, bit-serial)
  int8 = 3,     ///< int8 weights on int8 activations (memory filters: on the int16 residual stream)
  float32 = 4,  ///< float weights (classifier only)
  unit = 5,     ///< float weights on the input divided by its length (classifier only)
};

/// The weights of a matrix product y[n] = sum_k w[n][k] a[k]. One of the three is filled.
struct Weights {
  LayerKind kind = LayerKind::int8;
  int planes = 1;  ///< bits per activation of the input: 1 for bit1, 2..4 for bitn
  int inputs = 0;
  int outputs = 0;
  BitMatrix bits;                 // bit1, bitn: [outputs][inputs]
  std::vector<std::int8_t> int8;  // int8: [outputs][inputs]
  std::vector<float> float32;     // float32, unit: [outputs][inputs]
};

/// What a layer of the front-end hands on. The activation before it is p of ChannelAffine.
enum class OutputKind : std::uint8_t {
  int8 = 1,      ///< clamp(scale16(p, -out_shift), -127, 127)
  bits = 2,      ///< p >= sign_at_least  -> +1, else -1
  planes = 3,    ///< code = clamp(scale16(add16(p, sign_at_least), -out_shift), 0, 2^planes - 1);
                 ///< level = 2 * code - (2^planes - 1); plane b is bit b of the code (1 = +1), weight 2^b
  residual = 4,  ///< p itself, into the int16 residual stream (the linear layer)
  rows = 5,      ///< as int8; its channels are the rows of a single channel for the next layer (out_freq = 1)
  pooled = 6,    ///< as int8; then the largest of pool_time x pool_freq values of a channel (ConvLayer)
};

/// One layer of the front-end. Activations are [time][freq][channels], channels fastest; weights are
/// [out_channels][kernel_time][kernel_freq][in_channels]. The linear layer is a conv with kernel_freq =
/// the whole freq axis and kernel_time = 1. Layers that take bits or planes have in_channels % 16 == 0.
struct ConvLayer {
  int in_channels = 1, out_channels = 1;
  int in_freq = 1, out_freq = 1;
  int kernel_time = 1, kernel_freq = 1;
  int stride_time = 1, stride_freq = 1;
  int pad_freq = 0;
  Weights weights;  // inputs = kernel_time * kernel_freq * in_channels
  Affine affine;    // acc of bitn = sum_b 2^b dot_b
  OutputKind output = OutputKind::int8;
  int out_planes = 1;         ///< for OutputKind::planes, 2..4
  std::int8_t out_shift = 0;  ///< [0, 15]
  /// For OutputKind::pooled: the row handed on holds the largest values of pool_time rows of this layer, the
  /// last of which ends where it does, in groups of pool_freq positions; positions left over are dropped.
  /// pool_stride of this layer's rows lie between two that are handed on.
  int pool_time = 1, pool_stride = 1, pool_freq = 1;

  /// Positions that the next layer takes in: out_freq, or groups of it. (rows: its channels instead.)
  [[nodiscard]] int handed_freq() const noexcept { return out_freq / pool_freq; }
  /// Rows between two that are handed on, in rows of its input.
  [[nodiscard]] int stride() const noexcept { return stride_time * pool_stride; }
  /// Rows of its input that one handed on depends on.
  [[nodiscard]] int reach() const noexcept { return kernel_time + (pool_time - 1) * stride_time; }

  /// Bytes of one pixel of its input: in_channels int8 values, or as many bits.
  [[nodiscard]] std::size_t pixel_bytes() const noexcept;
  /// Bytes of one row of its input: `planes` times in_freq + 2 pad_freq pixels.
  [[nodiscard]] std::size_t row_bytes() const noexcept;
};

inline constexpr int memory_taps = 5;

/// Weights of one FSMN block, shared by all branches.
struct BlockWeights {
  LayerKind memory_kind = LayerKind::int8;  ///< int8 or bit1
  std::vector<std::int8_t> memory;  // [C][5], int8: any; bit1: +1 or -1. Tap 4 - ahead is the present.
  int ahead = 2;                    ///< steps that the filter looks ahead, [0, 4]; in window nets 2
  BitMatrix expand;                 // W1 [H][C]
  BitMatrix project;                // W2 [C][H]
};

/// BN and PReLU of one block in one branch, folded.
struct BlockParams {
  /// Signs of x before a bit1 memory filter (empty for int8).
  std::vector<std::int16_t> memory_sign_at_least;  // [C]
  /// int8: w16[c][k] = saturate16((memory[c][k] * mult + 64) >> 7);
  ///       s = mul_q15(x[i], w16[0]), i = t - 4 + ahead, then s = add16(s, mul_q15(x[i+k], w16[k])) for
  ///       k = 1..4 in this order (out-of-range x = 0); v = add16(scale16(s, shift), bias)      shift >= 0
  /// bit1: acc = sum of the five ±1 products (out-of-range = +1 activation);
  ///       v = add16(mul_q15(scale16(acc, shift), mult), bias)
  /// then m = add16(x, prelu16(v, slope)) and the bits fed to `expand` are m >= sign_at_least.
  Affine memory;  // [C]
  /// Hidden bit n = (dot of expand row n) >= hidden_at_least[n]; in [-C, C + 2], even or odd as C is.
  std::vector<std::int16_t> hidden_at_least;  // [H]
  /// y = add16(m, prelu16(add16(mul_q15(scale16(dot, shift), mult), bias), slope))
  Affine project;  // [C]
};

/// Classifier input q = clamp(add16(mul_q15(scale16(x, shift), mult), bias), -127, 127), [C][T];
/// logit[n] = scale[n] * sum w[n][c * T + t] * q[c][t] + bias[n].
struct ClassifierParams {
  Affine input;              // [C]; slope and sign_at_least unused
  std::vector<float> scale;  // [labels]
  std::vector<float> bias;   // [labels]
};

/// One way through the net: some of its blocks (a skipped block is the identity), its own BN and PReLU.
struct Branch {
  std::vector<std::uint8_t> blocks;  ///< indices, ascending
  std::vector<BlockParams> params;   ///< one per entry of `blocks`
  ClassifierParams classifier;
  std::vector<float> thresholds;  // [labels], posterior in [0, 1]; for labels that are not keywords: 1
};

enum class BranchId : std::uint8_t { full = 0, half = 1, quarter = 2 };
inline constexpr int branch_count = 3;
[[nodiscard]] constexpr const char* branch_name(BranchId id) noexcept {
  constexpr std::array<const char*, branch_count> names{"full", "half", "quarter"};
  return names[static_cast<std::size_t>(id)];
}

enum class LabelKind : std::uint8_t { keyword = 0, unknown = 1, silence = 2 };
struct Label {
  std::string name;
  LabelKind kind = LabelKind::keyword;
};

struct SecondStage;

/// Steps of a stream that may wait for their posteriors; those that wait longer get none.
inline constexpr int most_pending_steps = 16;
/// Steps of a stream that the blocks compute at once.
inline constexpr int most_steps_at_once = 4;

/// A whole model. FORMAT.md lists the limits that the loader enforces.
struct Model {
  std::string name;        ///< e.g. "commands"
  std::string provenance;  ///< free text, JSON: recipe, data, licence, figures
  FeatureParams features;
  std::vector<Label> labels;
  bool streaming = false;            ///< false: a window net, computed from scratch for every window
  int steps = 8;                     ///< T, of a window; streaming: that the classifier sees
  int memory_size = 128;             ///< C
  int hidden_size = 256;             ///< H
  std::vector<ConvLayer> front_end;  ///< the last one is the linear layer (OutputKind::residual, C outputs)
  std::vector<BlockWeights> blocks;
  Weights classifier;  ///< int8, float32 or unit, [labels][C * T]
  std::array<Branch, branch_count> branches;
  DetectorParams detector;                    ///< the detector's parameters; of version 2: the defaults
  std::shared_ptr<const SecondStage> second;  ///< may be null

  /// Frames that one step sees: 1 + sum over layers of (reach - 1) * product of earlier strides.
  [[nodiscard]] int step_frames() const noexcept;
  /// Frames between the starts of two steps: the product of all time strides.
  [[nodiscard]] int step_stride_frames() const noexcept;
  /// Frames between two windows of a stream by default: as many whole steps as fit in 100 ms, at least one,
  /// and at most 128 ms.
  [[nodiscard]] int hop_frames() const noexcept;
  /// Delay of a streaming branch's outputs in steps: the sum of `ahead` over its blocks.
  [[nodiscard]] int lookahead_steps(BranchId branch) const noexcept;
  /// Steps that a posterior of a streaming branch depends on: steps + 4 for each of its blocks.
  [[nodiscard]] int reach_steps(BranchId branch) const noexcept;
  /// Frames of one window: step_frames + (steps - 1) * step_stride_frames; streaming: of what the classifier
  /// sees, without what the blocks remember.
  [[nodiscard]] int window_frames() const noexcept;
  /// Samples of one window: (window_frames - 1) * hop_samples + frame_samples.
  [[nodiscard]] int window_samples() const noexcept;
  /// Whether its steps are asked for one after the other: of a streaming net, and of a second stage, the only
  /// window net without thresholds. Other windows may be any number of frames apart.
  [[nodiscard]] bool runs_in_steps() const noexcept;
  /// Bytes of working memory that one stream takes, less a few KiB: the rows of one window between all
  /// layers (if it runs in steps, those that one row takes in), one row's patches and products, and the
  /// window in the blocks. Streaming: the frames of one step, the steps that are kept, the blocks' rings, and
  /// what the second stage takes.
  [[nodiscard]] std::size_t stream_bytes() const noexcept;
};

/// A gate that no posteriors reach: of a base, whose second stage is for words of one's own.
inline constexpr float never_opens = 2;

/// A second look at the first stage's candidates. A step in which the posteriors p1 of the keywords sum to at
/// least `gate` gets the posteriors 0.5 * (p1 + p2), with p2 from the window that ends with it.
struct SecondStage {
  float gate = 0;  ///< [0, 1] or never_opens; the sum is one of float32 in the order of the labels
  /// A window net: features and labels are the model's, branches[full] is the only one (the others are empty)
  /// and has no thresholds. May have no blocks.
  Model net;
};

}  // namespace kwsd
