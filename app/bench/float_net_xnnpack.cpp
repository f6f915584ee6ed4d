#include <pthreadpool.h>
#include <xnnpack.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "app/bench/float_net.h"
#include "engine/kernels/bit_rows.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr int taps = 5;
constexpr float hidden_slope = 0.25F;  // a 1-bit hidden layer has a threshold instead of its PReLU

std::size_t size(int n) {
  return static_cast<std::size_t>(n);
}
std::uint32_t u32(int n) {
  return static_cast<std::uint32_t>(n);
}

void check(xnn_status status, const char* what) {
  if (status != xnn_status_success) {
    throw Error(ErrorKind::unavailable,
                std::string("XNNPACK: ") + what + " failed (" + std::to_string(status) + ")");
  }
}

/// [outputs][inputs] as real numbers, of such a size that sums stay near 1.
std::vector<float> real(const Weights& weights) {
  std::vector<float> out(size(weights.outputs) * size(weights.inputs));
  const float scale = 1.0F / std::sqrt(static_cast<float>(weights.inputs));
  for (int n = 0; n < weights.outputs; ++n) {
    for (int k = 0; k < weights.inputs; ++k) {
      const std::size_t i = size(n) * size(weights.inputs) + size(k);
      switch (weights.kind) {
        case LayerKind::int8:
          out[i] = scale * static_cast<float>(weights.int8[i]) / 64;
          break;
        case LayerKind::float32:
        case LayerKind::unit:  // without the division
          out[i] = weights.float32[i];
          break;
        default:
          out[i] = bit_at(weights.bits.words.data() + n * weights.bits.row_words(), k) ? scale : -scale;
      }
    }
  }
  return out;
}

std::vector<float> real(const BitMatrix& bits) {
  return real(Weights{LayerKind::bit1, 1, bits.cols, bits.rows, bits, {}, {}});
}

std::vector<float> slopes_of(const Affine& affine) {
  std::vector<float> slopes;
  for (const ChannelAffine& channel : affine.channels) {
    slopes.push_back(static_cast<float>(channel.slope) / 32768);
  }
  return slopes;
}

/// Operators in the order they run in, with the buffers between them.
class Chain {
 public:
  Chain() = default;
  ~Chain() {
    for (xnn_operator_t op : operators_) {
      xnn_delete_operator(op);
    }
  }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  void run() const noexcept {
    for (xnn_operator_t op : operators_) {
      xnn_run_operator(op, nullptr);
    }
  }
  float* buffer(std::size_t count) {
    buffers_.emplace_back(count + XNN_EXTRA_BYTES / sizeof(float), 0.1F);
    return buffers_.back().data();
  }

  /// `rows` rows of the layer's output, from as many of its input as they need. Returns them.
  float* conv(const ConvLayer& l, int rows, const float* in) {
    const std::vector<float> kernel = real(l.weights);
    const std::vector<float> bias(size(l.out_channels), 0.01F);
    if (l.kernel_time == 1 && l.out_freq == 1 && l.pad_freq == 0) {  // the linear layer
      return connected(kernel, bias, l.weights.inputs, l.out_channels, rows, in);
    }
    float* out = buffer(size(rows * l.out_freq * l.out_channels));
    xnn_operator_t op = nullptr;
    check(xnn_create_convolution2d_nhwc_f32(0, u32(l.pad_freq), 0, u32(l.pad_freq), u32(l.kernel_time),
                                            u32(l.kernel_freq), u32(l.stride_time), u32(l.stride_freq), 1, 1,
                                            1, size(l.in_channels), size(l.out_channels), size(l.in_channels),
                                            size(l.out_channels), kernel.data(), bias.data(), -infinity,
                                            infinity, 0, &op),
          "a convolution");
    operators_.push_back(op);
    check(xnn_setup_convolution2d_nhwc_f32(op, 1, size(l.kernel_time + (rows - 1) * l.stride_time),
                                           size(l.in_freq), in, out, nullptr),
          "a convolution");
    return out;
  }
  float* connected(const std::vector<float>& weights, const std::vector<float>& bias, int inputs, int outputs,
                   int rows, const float* in) {
    float* out = buffer(size(rows * outputs));
    xnn_operator_t op = nullptr;
    check(xnn_create_fully_connected_nc_f32(size(inputs), size(outputs), size(inputs), size(outputs),
                                            weights.data(), bias.data(), -infinity, infinity, 0, &op),
          "a fully connected layer");
    operators_.push_back(op);
    check(xnn_setup_fully_connected_nc_f32(op, size(rows), in, out, nullptr), "a fully connected layer");
    return out;
  }
  /// The memory filter: a depthwise convolution over time.
  float* memory(const std::vector<float>& kernel, int channels, int steps, const float* in) {
    const std::vector<float> bias(size(channels), 0.01F);
    float* out = buffer(size(steps * channels));
    xnn_operator_t op = nullptr;
    check(xnn_create_convolution2d_nhwc_f32(taps / 2, 0, taps / 2, 0, taps, 1, 1, 1, 1, 1, u32(channels), 1,
                                            1, size(channels), size(channels), kernel.data(), bias.data(),
                                            -infinity, infinity, 0, &op),
          "a depthwise convolution");
    operators_.push_back(op);
    check(xnn_setup_convolution2d_nhwc_f32(op, 1, size(steps), 1, in, out, nullptr),
          "a depthwise convolution");
    return out;
  }
  float* prelu(const std::vector<float>& slopes, int rows, float* values) {
    xnn_operator_t op = nullptr;
    check(xnn_create_prelu_nc_f32(slopes.size(), slopes.size(), slopes.size(), slopes.data(), 0, &op),
          "a PReLU");
    operators_.push_back(op);
    check(xnn_setup_prelu_nc_f32(op, size(rows), values, values, nullptr), "a PReLU");
    return values;
  }
  float* sum(const float* a, const float* b, std::size_t count) {
    float* out = buffer(count);
    xnn_operator_t op = nullptr;
    check(xnn_create_add_nd_f32(-infinity, infinity, 0, &op), "an addition");
    operators_.push_back(op);
    check(xnn_setup_add_nd_f32(op, 1, &count, 1, &count, a, b, out, nullptr), "an addition");
    return out;
  }

 private:
  std::vector<xnn_operator_t> operators_;
  std::vector<std::vector<float>> buffers_;
};

/// The front-end: all steps, or one in a stream. Returns its last output.
float* add_front_end(Chain& chain, const Model& model, bool in_stream) {
  int rows = in_stream ? std::max(1, model.hop_frames() / model.step_stride_frames())
                       : model.steps;  // of the output of a layer
  std::vector<int> rows_of(model.front_end.size());
  for (std::size_t i = model.front_end.size(); i-- > 0;) {
    rows_of[i] = rows;
    const ConvLayer& l = model.front_end[i];
    // A whole window needs all that the kernel reaches; a stream has all but the newest rows.
    rows = in_stream ? rows * l.stride_time : l.kernel_time + (rows - 1) * l.stride_time;
  }
  float* values = nullptr;
  for (std::size_t i = 0; i < model.front_end.size(); ++i) {
    const ConvLayer& l = model.front_end[i];
    const std::size_t needed =
        size(l.kernel_time + (rows_of[i] - 1) * l.stride_time) * size(l.in_freq * l.in_channels);
    // In a stream, the older rows lie before the new ones: any values do.
    const float* in = i == 0 || in_stream ? chain.buffer(needed) : values;
    values = chain.conv(l, rows_of[i], in);
    chain.prelu(slopes_of(l.affine), rows_of[i] * l.out_freq, values);
  }
  return values;
}

void add_blocks(Chain& chain, const Model& model, const Branch& branch, float* x) {
  const int c = model.memory_size, h = model.hidden_size, t = model.steps;
  const std::size_t count = size(c * t);
  for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
    const BlockWeights& weights = model.blocks[branch.blocks[i]];
    std::vector<float> kernel(size(c * taps));
    std::transform(weights.memory.begin(), weights.memory.end(), kernel.begin(),
                   [](std::int8_t w) { return static_cast<float>(w) / 256; });
    float* p = chain.prelu(slopes_of(branch.params[i].memory), t, chain.memory(kernel, c, t, x));
    const float* m = chain.sum(x, p, count);
    float* hidden = chain.connected(real(weights.expand), std::vector<float>(size(h), 0.01F), c, h, t, m);
    chain.prelu(std::vector<float>(size(h), hidden_slope), t, hidden);
    float* y = chain.connected(real(weights.project), std::vector<float>(size(c), 0.01F), h, c, t, hidden);
    chain.prelu(slopes_of(branch.params[i].project), t, y);
    x = chain.sum(m, y, count);
  }
  chain.connected(real(model.classifier), branch.classifier.bias, model.classifier.inputs,
                  model.classifier.outputs, 1, x);
}

}  // namespace

struct FloatNet::Impl {
  explicit Impl(const Model& model) {
    for (const ConvLayer& layer : model.front_end) {
      if (layer.output == OutputKind::pooled) {
        throw Error(ErrorKind::unavailable, "the network in float32 has no maxima over rows");
      }
    }
    check(xnn_initialize(nullptr), "its start on this CPU");
    float* x = add_front_end(whole_front_end, model, false);
    add_front_end(stream_front_end, model, true);
    for (std::size_t b = 0; b < branches.size(); ++b) {
      add_blocks(branches[b], model, model.branches[b], x);
    }
  }
  Chain whole_front_end, stream_front_end;
  std::array<Chain, branch_count> branches;
};

std::string_view FloatNet::library() noexcept {
  return "XNNPACK";
}
FloatNet::FloatNet(const Model& model) : impl_(std::make_unique<Impl>(model)) {}
FloatNet::~FloatNet() = default;

void FloatNet::run_whole(BranchId branch) noexcept {
  impl_->whole_front_end.run();
  impl_->branches[static_cast<std::size_t>(branch)].run();
}
void FloatNet::run_in_stream(BranchId branch) noexcept {
  impl_->stream_front_end.run();
  impl_->branches[static_cast<std::size_t>(branch)].run();
}

}  // namespace kwsd
