#include "models/trainer/net/integer_net.h"

namespace kwsd::train::integer {

using torch::Tensor;
namespace fn = torch::nn::functional;

namespace {

template <class Channel>
Tensor column(const Affine& affine, Channel field) {
  std::vector<std::int64_t> values;
  values.reserve(affine.channels.size());
  for (const ChannelAffine& channel : affine.channels) {
    values.push_back(channel.*field);
  }
  return torch::tensor(values, torch::kInt64);
}

template <class T>
Tensor int64_of(const std::vector<T>& values) {
  return torch::tensor(std::vector<std::int64_t>(values.begin(), values.end()), torch::kInt64);
}

Tensor signs_of(const Tensor& is_plus) {
  return is_plus.to(torch::kInt64) * 2 - 1;
}

/// ±1 [rows][cols].
Tensor unpack(const BitMatrix& m) {
  Tensor out = torch::empty({m.rows, m.cols}, torch::kInt64);
  auto* p = out.data_ptr<std::int64_t>();
  const auto row_words = static_cast<std::size_t>(m.row_words());
  for (std::size_t r = 0; r < static_cast<std::size_t>(m.rows); ++r) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(m.cols); ++k) {
      *p++ = (m.words[r * row_words + k / 64] >> (k % 64) & 1U) != 0 ? 1 : -1;
    }
  }
  return out;
}

/// [B][T][K] x [N][K] -> [B][T][N]; sums stay far below 2^53.
Tensor dots(const Tensor& x, const Tensor& weights) {
  return torch::matmul(x.to(torch::kFloat64), weights.to(torch::kFloat64).t()).to(torch::kInt64);
}

Tensor floor_shift(const Tensor& v, int bits) {
  return torch::div(v, std::int64_t{1} << bits, "floor");
}

}  // namespace

Tensor saturate16(const Tensor& v) {
  return v.clamp(INT16_MIN, INT16_MAX);
}

Tensor scale16(const Tensor& v, int shift) {
  if (shift >= 0) {
    return saturate16(v * (std::int64_t{1} << shift));
  }
  return saturate16(floor_shift(v + (std::int64_t{1} << (-shift - 1)), -shift));
}

Tensor mul_q15(const Tensor& a, const Tensor& b) {
  return saturate16(floor_shift(2 * a * b + (1 << 15), 16));
}

Tensor activate(const Affine& affine, const Tensor& acc) {
  const Tensor u = scale16(acc, affine.shift);
  const Tensor v =
      saturate16(mul_q15(u, column(affine, &ChannelAffine::mult)) + column(affine, &ChannelAffine::bias));
  return torch::where(v >= 0, v, mul_q15(v, column(affine, &ChannelAffine::slope)));
}

Tensor conv_dots(const ConvLayer& s, const Tensor& x) {
  const bool few_bits = s.weights.kind != LayerKind::int8;
  const double outside = few_bits ? (1 << s.weights.planes) - 1 : 0;
  const Tensor flat = few_bits ? unpack(s.weights.bits) : int64_of(s.weights.int8);
  const Tensor w = flat.view({s.out_channels, s.kernel_time, s.kernel_freq, s.in_channels})
                       .permute({0, 3, 1, 2})
                       .to(torch::kFloat64);
  const Tensor planes_first = x.permute({0, 3, 1, 2}).to(torch::kFloat64);  // [B][channels][time][freq]
  const Tensor padded =
      fn::pad(planes_first, fn::PadFuncOptions({s.pad_freq, s.pad_freq, 0, 0}).value(outside));
  return torch::conv2d(padded, w, Tensor(), {s.stride_time, s.stride_freq})
      .permute({0, 2, 3, 1})
      .to(torch::kInt64);
}

Tensor conv_output(const ConvLayer& s, const Tensor& acc) {
  const Tensor p = activate(s.affine, acc);
  const Tensor sign_at_least = column(s.affine, &ChannelAffine::sign_at_least);
  switch (s.output) {
    case OutputKind::int8:
      return scale16(p, -s.out_shift).clamp(-127, 127);
    case OutputKind::pooled: {
      const Tensor q = scale16(p, -s.out_shift).clamp(-127, 127).permute({0, 3, 1, 2}).to(torch::kFloat32);
      return torch::max_pool2d(q, {s.pool_time, s.pool_freq}, {s.pool_stride, s.pool_freq})
          .permute({0, 2, 3, 1})
          .to(torch::kInt64);
    }
    case OutputKind::rows:
      return scale16(p, -s.out_shift).clamp(-127, 127).transpose(2, 3);
    case OutputKind::bits:
      return signs_of(p >= sign_at_least);
    case OutputKind::planes: {
      const int top = (1 << s.out_planes) - 1;
      return scale16(saturate16(p + sign_at_least), -s.out_shift).clamp(0, top) * 2 - top;
    }
    case OutputKind::residual:
      break;
  }
  return p;
}

Tensor memory_dots(const BlockWeights& weights, const BlockParams& params, const Tensor& x) {
  const Tensor bits = signs_of(x >= int64_of(params.memory_sign_at_least));
  const Tensor padded = fn::pad(bits, fn::PadFuncOptions({0, 0, 2, 2}).value(1));
  const Tensor taps = int64_of(weights.memory).view({-1, 5});
  Tensor acc = torch::zeros_like(x);
  for (int k = 0; k < 5; ++k) {
    acc = acc + padded.slice(1, k, k + x.size(1)) * taps.select(1, k);
  }
  return acc;
}

Tensor memory(const BlockWeights& weights, const BlockParams& params, const Tensor& x) {
  const Affine& affine = params.memory;
  if (weights.memory_kind == LayerKind::bit1) {
    return saturate16(x + activate(affine, memory_dots(weights, params, x)));
  }
  const Tensor taps = int64_of(weights.memory).view({-1, 5});
  const Tensor w16 =
      saturate16(floor_shift(taps * column(affine, &ChannelAffine::mult).unsqueeze(1) + 64, 7));  // [C][5]
  const int ahead = weights.ahead;
  const Tensor padded = fn::pad(x, fn::PadFuncOptions({0, 0, 4 - ahead, ahead}));
  Tensor s = mul_q15(padded.slice(1, 0, x.size(1)), w16.select(1, 0));
  for (int k = 1; k < 5; ++k) {
    s = saturate16(s + mul_q15(padded.slice(1, k, k + x.size(1)), w16.select(1, k)));
  }
  const Tensor v = saturate16(scale16(s, affine.shift) + column(affine, &ChannelAffine::bias));
  const Tensor p = torch::where(v >= 0, v, mul_q15(v, column(affine, &ChannelAffine::slope)));
  return saturate16(x + p);
}

Tensor expand(const BlockWeights& weights, const BlockParams& params, const Tensor& m) {
  const Tensor bits = signs_of(m >= column(params.memory, &ChannelAffine::sign_at_least));
  return signs_of(dots(bits, unpack(weights.expand)) >= int64_of(params.hidden_at_least));
}

Tensor project(const BlockWeights& weights, const BlockParams& params, const Tensor& m,
               const Tensor& hidden) {
  return saturate16(m + activate(params.project, dots(hidden, unpack(weights.project))));
}

namespace {

/// The classifier's int8 inputs: [B][T][C].
Tensor classifier_inputs(const ClassifierParams& params, const Tensor& x) {
  const Tensor u = scale16(x, params.input.shift);
  return saturate16(mul_q15(u, column(params.input, &ChannelAffine::mult)) +
                    column(params.input, &ChannelAffine::bias))
      .clamp(-127, 127);
}

/// Logits from [..][C * T].
Tensor logits_of(const Model& model, const ClassifierParams& params, const Tensor& flat) {
  const Tensor weights = int64_of(model.classifier.int8).view({model.classifier.outputs, -1});
  return dots(flat, weights).to(torch::kFloat32) * torch::tensor(params.scale) + torch::tensor(params.bias);
}

}  // namespace

Tensor classify(const Model& model, const Branch& branch, const Tensor& x) {
  const Tensor q = classifier_inputs(branch.classifier, x);
  return logits_of(model, branch.classifier, q.transpose(1, 2).flatten(1));
}

Tensor classify_steps(const Model& model, const Branch& branch, const Tensor& x) {
  const Tensor q = classifier_inputs(branch.classifier, x);
  const Tensor padded = fn::pad(q, fn::PadFuncOptions({0, 0, model.steps - 1, 0}));
  return logits_of(model, branch.classifier,
                   padded.unfold(1, model.steps, 1).flatten(2));  // [B][steps][C * T]
}

Tensor front_end(const Model& model, const Tensor& frames) {
  Tensor x = frames.to(torch::kInt64).unsqueeze(3);
  for (const ConvLayer& layer : model.front_end) {
    x = conv_output(layer, conv_dots(layer, x));
  }
  return x.squeeze(2);
}

namespace {

/// The residual stream after the blocks of a branch.
Tensor run_blocks(const Model& model, const Branch& branch, Tensor x) {
  for (std::size_t i = 0; i < branch.blocks.size(); ++i) {
    const BlockWeights& weights = model.blocks[branch.blocks[i]];
    const Tensor m = memory(weights, branch.params[i], x);
    x = project(weights, branch.params[i], m, expand(weights, branch.params[i], m));
    if (model.streaming) {
      x = x.slice(1, 0, x.size(1) - weights.ahead);
    }
  }
  return x;
}

}  // namespace

Tensor logits(const Model& model, BranchId id, const Tensor& frames) {
  const Branch& branch = model.branches[static_cast<std::size_t>(id)];
  return classify(model, branch, run_blocks(model, branch, front_end(model, frames)));
}

Tensor stream_logits(const Model& model, BranchId id, const Tensor& frames) {
  const Branch& branch = model.branches[static_cast<std::size_t>(id)];
  return classify_steps(model, branch, run_blocks(model, branch, front_end(model, frames)));
}

}  // namespace kwsd::train::integer
