#include "models/trainer/net/export.h"

#include <algorithm>
#include <cmath>

#include "app/base/atomic_file.h"
#include "engine/model/capabilities.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/model/model_file.h"
#include "models/trainer/net/integer_net.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

std::int16_t to_int16(double v) {
  return static_cast<std::int16_t>(std::clamp(std::round(v), -32768.0, 32767.0));
}

/// The integer comparison equivalent to x >= edge.
std::int16_t at_least(double edge) {
  return static_cast<std::int16_t>(std::clamp(std::ceil(edge), -32768.0, 32767.0));
}

std::vector<double> doubles(const Tensor& t) {
  const Tensor flat = t.detach().cpu().to(torch::kFloat64).contiguous().flatten();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

/// ±1 rows; `plus` [rows][cols].
BitMatrix pack(const Tensor& plus) {
  const Tensor flat = plus.cpu().flatten(1).to(torch::kBool).contiguous();
  BitMatrix m{static_cast<int>(flat.size(0)), static_cast<int>(flat.size(1)), {}};
  const auto row_words = static_cast<std::size_t>(m.row_words());
  const auto cols = static_cast<std::size_t>(m.cols);
  m.words.assign(static_cast<std::size_t>(m.rows) * row_words, 0);
  const bool* bit = flat.data_ptr<bool>();
  for (std::size_t r = 0; r < static_cast<std::size_t>(m.rows); ++r) {
    for (std::size_t k = 0; k < cols; ++k) {
      m.words[r * row_words + k / 64] |= std::uint64_t{bit[r * cols + k]} << (k % 64);
    }
  }
  return m;
}

/// int8 values of quantize_weight_int8 and the step per output.
std::pair<std::vector<std::int8_t>, std::vector<double>> int8_weights(const Tensor& w) {
  const Tensor flat = w.detach().cpu().flatten(1);
  const Tensor step = flat.abs().amax(1, true).clamp_min(1e-8) / 127;
  const Tensor q = (flat / step).round().to(torch::kInt8).contiguous();
  return {{q.data_ptr<std::int8_t>(), q.data_ptr<std::int8_t>() + q.numel()}, doubles(step)};
}

/// y = factor · acc + offset, then the PReLU slope, per channel: BN in real numbers.
struct RealAffine {
  std::vector<double> factor, offset, slope;
};

/// `scale`: the real value of one unit of the accumulator, per channel.
RealAffine real_affine(const NormImpl& norm, const SlopeImpl* slope, const std::vector<double>& scale) {
  const auto [gain, offset] = norm.folded();
  RealAffine out{doubles(gain), doubles(offset), std::vector<double>(scale.size(), 0.0)};
  for (std::size_t c = 0; c < scale.size(); ++c) {
    out.factor[c] *= scale[c];
  }
  if (slope != nullptr) {
    out.slope = doubles(slope->value());
  }
  return out;
}

double largest_factor(const RealAffine& real) {
  double top = 0;
  for (const double f : real.factor) {
    top = std::max(top, std::abs(f));
  }
  return top;
}

/// The largest shift that keeps `largest` within int16.
int fitting_shift(double largest) {
  return std::clamp(static_cast<int>(std::floor(std::log2(32767.0 / std::max(largest, 1.0)))), -31, 15);
}

/// `unit`: integer steps per 1.0 of y. Where a multiplier would not fit, the accumulator is scaled
/// further up, and its rarest values saturate.
Affine to_affine(const RealAffine& real, int shift, double unit) {
  while (shift < 15 && largest_factor(real) * unit * std::pow(2.0, -shift) * 32768 > 32767) {
    ++shift;
  }
  Affine out;
  out.shift = static_cast<std::int8_t>(shift);
  for (std::size_t c = 0; c < real.factor.size(); ++c) {
    ChannelAffine channel;
    channel.mult = to_int16(real.factor[c] * unit * std::pow(2.0, 15 - shift));
    channel.bias = to_int16(real.offset[c] * unit);
    channel.slope = to_int16(real.slope[c] * 32768);
    out.channels.push_back(channel);
  }
  return out;
}

class Exporter {
 public:
  Exporter(Checkpoint& checkpoint, const Tensor& frames)
      : net_(*checkpoint.average), options_(net_.options), x_(frames.to(torch::kInt64).unsqueeze(3)) {}
  void front_end(Model& model);
  void blocks(Model& model);
  void branch(Model& model, std::size_t b);
  void residual_unit(const Tensor& frames);

 private:
  struct Step {
    Tensor weight;
    ConvShape shape;
    Kind kind, next;
    NormImpl* norm;
    SlopeImpl* slope;
    bool rows = false;  // its channels are the rows of what comes next
  };
  ConvLayer conv(const Step& step, int in_planes, double in_unit);
  void set_output(ConvLayer& layer, const RealAffine& real, Kind next, double largest);
  BlockParams block(const BlockWeights& weights, BlockImpl& real, BlockNormsImpl& norm);
  Affine memory_affine(const BlockWeights& weights, BlockImpl& real, BlockNormsImpl& norm) const;

  NetImpl& net_;
  const NetOptions& options_;
  Tensor x_;         // output of the layers so far for the calibration clips
  double unit_ = 1;  // steps of the residual stream per 1.0
};

int planes_of(Kind kind) {
  return kind == Kind::bits4 ? 4 : kind == Kind::bits2 ? 2 : 1;
}

/// What a layer of `kind` is in a model file.
LayerKind layer_kind(Kind kind) {
  return kind == Kind::real   ? LayerKind::float32
         : kind == Kind::int8 ? LayerKind::int8
         : kind == Kind::bit1 ? LayerKind::bit1
                              : LayerKind::bitn;
}

/// A power of two that leaves the residual stream half of int16 as headroom.
void Exporter::residual_unit(const Tensor& frames) {
  double largest = 1;
  std::vector<Tensor> features;
  if (options_.causal) {
    net_.forward_streams(frames, options_.all_branches(), &features);
  } else {
    for (const BranchOutput& out : net_.forward(frames, options_.branches())) {
      features.insert(features.end(), out.features.begin(), out.features.end());
    }
  }
  for (const Tensor& feature : features) {
    largest = std::max(largest, feature.abs().max().item<double>());
  }
  unit_ = std::pow(2.0, std::floor(std::log2(16384.0 / largest)));
}

ConvLayer Exporter::conv(const Step& step, int in_planes, double in_unit) {
  ConvLayer layer;
  const Tensor& w = step.weight;  // [out][kernel_time][kernel_freq][in]
  layer.in_channels = static_cast<int>(w.size(3));
  layer.out_channels = static_cast<int>(w.size(0));
  layer.kernel_time = static_cast<int>(w.size(1));
  layer.kernel_freq = static_cast<int>(w.size(2));
  layer.in_freq = static_cast<int>(x_.size(2));
  layer.stride_time = step.shape.stride_time;
  layer.stride_freq = step.shape.stride_freq;
  layer.pad_freq = step.shape.pad_freq();
  layer.out_freq = (layer.in_freq + 2 * layer.pad_freq - layer.kernel_freq) / layer.stride_freq + 1;
  layer.weights.inputs = layer.kernel_time * layer.kernel_freq * layer.in_channels;
  layer.weights.outputs = layer.out_channels;
  std::vector<double> scale;
  layer.weights.kind = layer_kind(step.kind);
  if (step.kind == Kind::int8) {
    std::tie(layer.weights.int8, scale) = int8_weights(w);
  } else {
    layer.weights.planes = in_planes;
    const BinaryWeight binary = split_weight(w, options_.binarizer);
    layer.weights.bits = pack(binary.plus);
    scale = doubles(binary.scale);
  }
  for (double& s : scale) {
    s /= in_unit;
  }
  const Tensor acc = integer::conv_dots(layer, x_);
  RealAffine real = real_affine(*step.norm, step.slope, scale);
  if (step.rows) {
    std::fill(real.slope.begin(), real.slope.end(), 1.0);
  }
  set_output(layer, real, step.next, acc.abs().max().item<double>());
  if (step.rows) {
    layer.output = OutputKind::rows;
  }
  if (step.shape.pools()) {
    layer.output = OutputKind::pooled;
    layer.pool_time = step.shape.pool_time;
    layer.pool_stride = step.shape.pool_stride;
    layer.pool_freq = step.shape.pool_freq;
  }
  x_ = integer::conv_output(layer, acc);
  return layer;
}

/// The layer's output, and the unit in which its BN and PReLU compute.
void Exporter::set_output(ConvLayer& layer, const RealAffine& real, Kind next, double largest) {
  const int shift = fitting_shift(largest);
  const double room = std::pow(2.0, shift) / std::max(largest_factor(real), 1e-12);  // largest unit
  const auto fit = [&](double base) {
    return std::clamp(static_cast<int>(std::floor(std::log2(room / base))), 0, 6);
  };
  if (next == Kind::real) {
    layer.output = OutputKind::residual;
    layer.affine = to_affine(real, shift, unit_);
    return;
  }
  const int planes = planes_of(next);
  const double top = (1 << planes) - 1;
  const double base = next == Kind::int8 ? activation_steps : next == Kind::bit1 ? activation_steps : top / 2;
  const int out_shift = next == Kind::int8 || planes == 1 ? fit(base) : std::clamp(fit(base) + 3, 0, 9);
  const double unit = base * std::pow(2.0, out_shift);
  layer.affine = to_affine(real, shift, unit);
  layer.out_planes = planes;
  layer.output = output_for(layer_kind(next));
  if (next == Kind::int8) {
    layer.out_shift = static_cast<std::int8_t>(out_shift);
    return;
  }
  layer.out_shift = next == Kind::bit1 ? std::int8_t{0} : static_cast<std::int8_t>(out_shift);
  for (ChannelAffine& channel : layer.affine.channels) {
    channel.sign_at_least =
        next == Kind::bit1 ? at_least(front_end_shift * unit) : to_int16((1 - front_end_shift) * unit);
  }
}

void Exporter::front_end(Model& model) {
  const auto in_unit = [](Kind kind) {
    return kind == Kind::int8 ? activation_steps : static_cast<double>((1 << planes_of(kind)) - 1);
  };
  const auto time_freq_in = [](const Tensor& w) { return w.detach().permute({0, 2, 3, 1}).contiguous(); };
  const ConvShape whole_row{.kernel_time = 1, .stride_time = 1, .stride_freq = 1};
  std::vector<Step> steps;
  if (options_.spectrum) {
    const Tensor spectrum = net_.spectrum.detach().view({options_.coefficients, 1, -1, 1});
    steps.push_back({spectrum, whole_row, Kind::int8, Kind::int8, net_.spectrum_norm.get(), nullptr, true});
  }
  for (std::size_t i = 0; i < net_.convs.size(); ++i) {
    steps.push_back({time_freq_in(net_.convs[i]), options_.convs[i], i == 0 ? Kind::int8 : options_.conv2,
                     i + 1 < net_.convs.size() ? options_.conv2 : options_.linear, net_.front_norms[i].get(),
                     net_.front_slopes[i].get()});
  }
  const Tensor linear =
      net_.linear.detach().view({options_.memory_size, 1, -1, options_.convs.back().channels}).contiguous();
  steps.push_back({linear, whole_row, options_.linear, Kind::real, net_.front_norms.back().get(),
                   net_.front_slopes.back().get()});
  double unit = activation_steps;
  for (const Step& step : steps) {
    model.front_end.push_back(conv(step, planes_of(step.kind), unit));
    unit = in_unit(step.next);
  }
  x_ = x_.squeeze(2);  // [B][T][C]
}

void Exporter::blocks(Model& model) {
  for (const Block& block : net_.blocks) {
    BlockWeights weights;
    weights.memory_kind = layer_kind(options_.memory);
    if (options_.memory == Kind::int8) {
      weights.memory = int8_weights(block->memory).first;
    } else {
      const Tensor plus = split_weight(block->memory, options_.binarizer).plus.flatten();
      for (std::int64_t i = 0; i < plus.numel(); ++i) {
        weights.memory.push_back(plus[i].item<bool>() ? std::int8_t{1} : std::int8_t{-1});
      }
    }
    weights.ahead = options_.causal ? 0 : 2;
    weights.expand = pack(split_weight(block->expand, options_.binarizer).plus);
    weights.project = pack(split_weight(block->project, options_.binarizer).plus);
    model.blocks.push_back(std::move(weights));
  }
}

/// BN and PReLU of the memory filter, in steps of the residual stream (model.h, BlockParams::memory).
Affine Exporter::memory_affine(const BlockWeights& weights, BlockImpl& real, BlockNormsImpl& norm) const {
  if (weights.memory_kind == LayerKind::bit1) {
    const auto scale = doubles(split_weight(real.memory, options_.binarizer).scale);
    return to_affine(real_affine(*norm.memory, norm.memory_slope.get(), scale), 12, unit_);
  }
  const RealAffine y = real_affine(*norm.memory, norm.memory_slope.get(), int8_weights(real.memory).second);
  Affine out;
  int shift = 0;
  while (shift < 15 && largest_factor(y) * std::pow(2.0, 22 - shift) > 32767) {
    ++shift;
  }
  out.shift = static_cast<std::int8_t>(shift);
  for (std::size_t c = 0; c < y.factor.size(); ++c) {
    ChannelAffine channel;
    channel.mult = to_int16(y.factor[c] * std::pow(2.0, 22 - shift));
    channel.bias = to_int16(y.offset[c] * unit_);
    channel.slope = to_int16(y.slope[c] * 32768);
    out.channels.push_back(channel);
  }
  return out;
}

/// gain · x + offset >= 0 as x >= edge.
std::vector<double> edges(const NormImpl& norm) {
  const auto [gain, offset] = norm.folded();
  return doubles(-offset / gain);
}

BlockParams Exporter::block(const BlockWeights& weights, BlockImpl& real, BlockNormsImpl& norm) {
  BlockParams params;
  if (weights.memory_kind == LayerKind::bit1) {
    for (const double edge : edges(*norm.memory_sign)) {
      params.memory_sign_at_least.push_back(at_least(edge * unit_));
    }
  }
  params.memory = memory_affine(weights, real, norm);
  const auto sign_edges = edges(*norm.sign);
  for (std::size_t c = 0; c < sign_edges.size(); ++c) {
    params.memory.channels[c].sign_at_least = at_least(sign_edges[c] * unit_);
  }
  const auto hidden_scale = doubles(split_weight(real.expand, options_.binarizer).scale);
  const auto hidden_edges = edges(*norm.hidden);
  const int inputs = options_.memory_size;
  for (std::size_t n = 0; n < hidden_edges.size(); ++n) {
    // A dot of ±1 has the parity of the number of its inputs.
    const double edge = std::ceil((hidden_edges[n] / std::max(hidden_scale[n], 1e-12) + inputs) / 2);
    params.hidden_at_least.push_back(
        static_cast<std::int16_t>(2 * std::clamp<double>(edge, 0, inputs + 1) - inputs));
  }
  const auto scale = doubles(split_weight(real.project, options_.binarizer).scale);
  params.project = to_affine(real_affine(*norm.project, norm.project_slope.get(), scale),
                             fitting_shift(options_.hidden_size), unit_);
  return params;
}

void Exporter::branch(Model& model, std::size_t b) {
  Branch& branch = model.branches[b];
  for (const int i : options_.branch_blocks(static_cast<int>(b))) {
    const auto index = static_cast<std::size_t>(i);
    branch.blocks.push_back(static_cast<std::uint8_t>(i));
    branch.params.push_back(
        block(model.blocks[index], *net_.blocks[index], *net_.norms[b][branch.params.size()]));
  }
  const std::vector<double> residual_scale(static_cast<std::size_t>(options_.memory_size), 1.0 / unit_);
  branch.classifier.input =
      to_affine(real_affine(*net_.last[b], nullptr, residual_scale), 0, activation_steps);
  const auto step = int8_weights(net_.classifier->weight).second;
  const auto bias = doubles(net_.classifier->bias);
  for (std::size_t n = 0; n < step.size(); ++n) {
    branch.classifier.scale.push_back(static_cast<float>(step[n] / activation_steps));
    branch.classifier.bias.push_back(static_cast<float>(bias[n]));
    branch.thresholds.push_back(model.labels[n].kind == LabelKind::keyword ? 0.5F : 1.0F);
  }
}

void check_kinds(const NetOptions& o) {
  if (o.architecture != Architecture::fsmn) {
    throw Error(ErrorKind::usage, "--checkpoint: a " +
                                      architecture_names()[static_cast<std::size_t>(o.architecture)] +
                                      " net, expected an fsmn: the daemon runs no other");
  }
  if (!is_exportable(o)) {
    throw Error(ErrorKind::usage, std::string("this network has ") +
                                      (o.thin ? "full-precision layers" : "one branch") +
                                      ", expected int8 or 1-bit layers and three branches");
  }
}

/// Features, labels, sizes and layers.
void fill_net(Model& model, Checkpoint& checkpoint, const Tensor& frames) {
  const NetOptions& o = checkpoint.info.options;
  checkpoint.average->to(torch::kCPU);
  checkpoint.average->eval();
  model.features = checkpoint.info.features;
  model.labels = checkpoint.info.labels;
  model.steps = o.steps;
  model.memory_size = o.memory_size;
  model.hidden_size = o.hidden_size;
  Exporter exporter(checkpoint, frames);
  exporter.residual_unit(frames.to(torch::kFloat32));
  exporter.front_end(model);
  exporter.blocks(model);
  model.classifier.kind = LayerKind::int8;
  model.classifier.inputs = o.memory_size * o.steps;
  model.classifier.outputs = o.labels;
  model.classifier.int8 = int8_weights(checkpoint.average->classifier->weight).first;
  for (int b = 0; b < o.branches(); ++b) {
    exporter.branch(model, static_cast<std::size_t>(b));
  }
}

}  // namespace

bool is_exportable(const NetOptions& o) {
  const Place memory = o.causal ? Place::stream_memory : Place::memory;
  return o.architecture == Architecture::fsmn && o.thin && o.blocks > 0 &&
         allows(Place::conv, layer_kind(o.conv2)) && allows(Place::conv, layer_kind(o.linear)) &&
         allows(memory, layer_kind(o.memory)) && allows(Place::pointwise, layer_kind(o.pointwise));
}

Model to_model(Checkpoint& checkpoint, const std::string& name, const Tensor& frames) {
  torch::NoGradGuard no_grad;
  const NetOptions& o = checkpoint.info.options;
  check_kinds(o);
  Model model;
  model.name = name;
  model.provenance = checkpoint.info.recipe;
  model.streaming = o.causal;
  if (o.causal) {
    model.detector.smoothing_seconds = stream_smoothing_seconds;
  }
  fill_net(model, checkpoint, frames);
  return model;
}

Model to_second_stage(Checkpoint& checkpoint, const FeatureParams& features, const Tensor& frames) {
  torch::NoGradGuard no_grad;
  const NetOptions& o = checkpoint.info.options;
  if (o.architecture != Architecture::fsmn || !o.causal || o.thin || o.blocks > 0 || o.conv2 != Kind::int8 ||
      o.linear != Kind::int8) {
    throw Error(ErrorKind::usage, "--checkpoint: another net, expected one of train-second --int8");
  }
  take_features(checkpoint, features);
  Model model;
  fill_net(model, checkpoint, frames);
  model.branches[0].thresholds.clear();
  return model;
}

void take_features(Checkpoint& checkpoint, const FeatureParams& features) {
  torch::NoGradGuard no_grad;
  FeatureParams like = features;
  like.mean = checkpoint.info.features.mean;
  like.scale = checkpoint.info.features.scale;
  if (like != checkpoint.info.features || !checkpoint.info.options.spectrum) {
    throw Error(ErrorKind::usage, "--first: its features are of another kind than those of the checkpoint");
  }
  const Tensor scale = torch::tensor(like.scale) / torch::tensor(features.scale);
  const Tensor offset = (torch::tensor(features.mean) - torch::tensor(like.mean)) * torch::tensor(like.scale);
  for (NetImpl* net : {checkpoint.net.get(), checkpoint.average.get()}) {
    net->spectrum_norm->mean.sub_(torch::mv(net->spectrum, offset) / activation_steps);
    net->spectrum.mul_(scale);
  }
  checkpoint.info.features = features;
}

std::size_t write_model(const std::filesystem::path& path, const Model& model) {
  const auto bytes = serialize_model(model);
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
  return bytes.size();
}

void require_name(const std::string& name) {
  if (!is_name(name)) {
    throw Error(ErrorKind::usage,
                "--name: found '" + printable(name) + "', expected " + std::string(name_expected));
  }
}

std::size_t float_parameters(const NetImpl& net) {
  std::size_t count = 0;
  for (const auto& entry : net.named_parameters()) {
    const std::string& name = entry.key();
    const bool only_in_training =
        name.find("word_classifier") != std::string::npos || name.find("hidden_slope") != std::string::npos ||
        (name.find("memory_sign") != std::string::npos && net.options.memory != Kind::bit1);
    count += only_in_training ? 0 : static_cast<std::size_t>(entry.value().numel());
  }
  return count;
}

}  // namespace kwsd::train
