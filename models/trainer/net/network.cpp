#include "models/trainer/net/network.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace kwsd::train {

using torch::Tensor;
namespace fn = torch::nn::functional;

std::vector<int> NetOptions::branch_blocks(int branch) const {
  const int every = 1 << branch;
  std::vector<int> out;
  for (int i = std::min(every, blocks) - 1; i >= 0 && i < blocks; i += every) {
    out.push_back(i);
  }
  return out;
}

std::vector<int> NetOptions::all_branches() const {
  std::vector<int> all(static_cast<std::size_t>(branches()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

int NetOptions::step_frames() const noexcept {
  int stride = 1;
  for (const ConvShape& shape : convs) {
    stride *= shape.stride();
  }
  return stride;
}

int NetOptions::frames() const noexcept {
  int of_one_step = 1;
  int stride = 1;
  for (const ConvShape& shape : convs) {
    of_one_step += (shape.reach() - 1) * stride;
    stride *= shape.stride();
  }
  return of_one_step + (steps - 1) * stride;
}

BlockImpl::BlockImpl(const NetOptions& o)
    : memory(register_parameter("memory", 0.3 * torch::randn({o.memory_size, 5}))),
      expand(register_parameter("expand",
                                torch::randn({o.hidden_size, o.memory_size, 1}) / std::sqrt(o.memory_size))),
      project(register_parameter(
          "project", torch::randn({o.memory_size, o.hidden_size, 1}) / std::sqrt(o.hidden_size))) {}

BlockNormsImpl::BlockNormsImpl(const NetOptions& o)
    : memory_sign(register_module("memory_sign", Norm(o.memory_size))),
      memory(register_module("memory", Norm(o.memory_size))),
      sign(register_module("sign", Norm(o.memory_size))),
      hidden(register_module("hidden", Norm(o.hidden_size))),
      project(register_module("project", Norm(o.memory_size))),
      memory_slope(register_module("memory_slope", Slope(o.memory_size))),
      hidden_slope(register_module("hidden_slope", Slope(o.hidden_size))),
      project_slope(register_module("project_slope", Slope(o.memory_size))) {}

const std::vector<std::string>& architecture_names() {
  static const std::vector<std::string> names{"fsmn", "conv", "fsmn-2015", "vgg19", "bc-resnet", "audiomer"};
  return names;
}

namespace {

std::shared_ptr<WholeNetImpl> make_whole(const NetOptions& o, const std::shared_ptr<Precision>& precision) {
  ArchitectureSizes sizes{o.frames(), o.coefficients, o.width, o.blocks, o.labels, o.words, o.dropout};
  const auto own = [&](int width) { sizes.width = o.width > 0 ? o.width : width; };
  switch (o.architecture) {
    case Architecture::fsmn_2015:
      own(128);
      return make_plain_fsmn(sizes, precision);
    case Architecture::vgg19:
      own(64);
      return make_vgg19(sizes, precision);
    case Architecture::bc_resnet:
      own(8);
      return make_bc_resnet(sizes, precision);
    default:
      own(4);
      return make_audiomer(sizes, precision);
  }
}

}  // namespace

NetImpl::NetImpl(const NetOptions& o) : options(o) {
  if (o.architecture != Architecture::fsmn) {
    precision = std::make_shared<Precision>();
    precision->binary = o.is_binary();
    precision->binarizer = o.binarizer;
  }
  if (o.architecture == Architecture::conv) {
    precision->binary = false;
    const ConvNetSizes sizes{o.coefficients, o.convs.at(0).channels, o.labels, o.words, o.dropout};
    conv = register_module("conv", ConvNet(sizes, precision));
    whole = conv.ptr();
  } else if (o.architecture != Architecture::fsmn) {
    whole = register_module("whole", make_whole(o, precision));
  }
  if (whole) {
    return;
  }
  if (o.spectrum) {
    spectrum = register_parameter("spectrum", torch::eye(o.coefficients));
    spectrum_norm = register_module("spectrum_norm", Norm(o.coefficients));
  }
  const auto norm_and_slope = [&](int channels) {
    const std::string number = std::to_string(front_norms.size() + 1);
    front_norms.push_back(register_module("norm" + number, Norm(channels)));
    front_slopes.push_back(register_module("slope" + number, Slope(channels)));
  };
  int freq = o.coefficients;
  int channels = 1;
  for (const ConvShape& s : o.convs) {
    const double scale = 1 / std::sqrt(1.0 * s.kernel_time * s.kernel_freq * channels);
    convs.push_back(
        register_parameter("conv" + std::to_string(convs.size() + 1),
                           scale * torch::randn({s.channels, channels, s.kernel_time, s.kernel_freq})));
    norm_and_slope(s.channels);
    freq = s.out_freq(freq);
    channels = s.channels;
  }
  const int flat = freq * channels;
  linear = register_parameter("linear", torch::randn({o.memory_size, flat, 1}) / std::sqrt(flat));
  norm_and_slope(o.memory_size);
  for (int i = 0; i < o.blocks; ++i) {
    blocks.push_back(register_module("block" + std::to_string(i), Block(o)));
  }
  for (int b = 0; b < o.branches(); ++b) {
    norms.emplace_back();
    for (const int i : o.branch_blocks(b)) {
      const std::string name = "branch" + std::to_string(b) + "_block" + std::to_string(i);
      norms.back().push_back(register_module(name, BlockNorms(o)));
    }
    last.push_back(register_module("branch" + std::to_string(b) + "_last", Norm(o.memory_size)));
  }
  classifier = register_module("classifier", torch::nn::Linear(o.memory_size * o.steps, o.labels));
  word_classifier =
      register_module("word_classifier", torch::nn::Linear(o.memory_size, std::max(o.words, 1)));
}

namespace {

bool same_front_end(const NetOptions& a, const NetOptions& b) {
  const auto same = [](const ConvShape& x, const ConvShape& y) {
    return x.kernel_time == y.kernel_time && x.kernel_freq == y.kernel_freq && x.stride_freq == y.stride_freq;
  };
  return a.spectrum == b.spectrum &&
         std::equal(a.convs.begin(), a.convs.end(), b.convs.begin(), b.convs.end(), same);
}

/// Whether a parameter or buffer of this name belongs to the front-end of an FSMN.
bool of_front_end(const std::string& name) {
  const auto begins = [&](const char* prefix) { return name.rfind(prefix, 0) == 0; };
  return begins("norm") || begins("slope") || begins("spectrum") ||
         (begins("conv") && !begins("conv."));  // "conv." is the conv net
}

}  // namespace

void NetImpl::set_features(const FeatureParams& features) {
  torch::NoGradGuard no_grad;
  if (whole) {
    whole->set_features(features);
  } else if (spectrum.defined()) {
    spectrum.copy_(inverse_dct(features) * activation_steps);
  }
}

int NetImpl::copy_from(const NetImpl& other) {
  torch::NoGradGuard no_grad;
  int copied = 0;
  const auto copy = [&](Tensor mine, Tensor theirs) {
    if (mine.dim() != theirs.dim()) {
      return;
    }
    for (std::int64_t d = 0; d < mine.dim(); ++d) {
      const auto overlap = std::min(mine.size(d), theirs.size(d));
      mine = mine.narrow(d, 0, overlap);
      theirs = theirs.narrow(d, 0, overlap);
    }
    mine.copy_(theirs);
    ++copied;
  };
  const auto by_channel = [](const NetImpl& net) {
    return net.linear.view({net.linear.size(0), -1, net.options.convs.back().channels});
  };
  // [labels][C][steps]; of a net of other steps, those at the same times.
  const auto by_step = [](const NetImpl& net, int steps) {
    const Tensor weight = net.classifier->weight.view({-1, net.options.memory_size, net.options.steps});
    const Tensor times = torch::linspace(0, net.options.steps - 1, steps).round().to(torch::kInt64);
    return net.options.steps == steps ? weight : weight.index_select(2, times.to(weight.device()));
  };
  const bool same_front = same_front_end(options, other.options);
  const auto copy_all = [&](const auto& mine, const auto& theirs) {
    for (const auto& entry : mine) {
      const Tensor* source = theirs.find(entry.key());
      const bool special = entry.key() == "linear" || entry.key() == "classifier.weight";
      if (source != nullptr && !special && (same_front || !of_front_end(entry.key()))) {
        copy(entry.value(), *source);
      }
    }
  };
  copy_all(named_parameters(), other.named_parameters());
  copy_all(named_buffers(), other.named_buffers());
  if (linear.defined() && other.linear.defined()) {
    if (same_front) {
      copy(by_channel(*this), by_channel(other));
    }
    copy(by_step(*this, options.steps), by_step(other, options.steps));
  }
  return copied;
}

Tensor NetImpl::activation(const Tensor& x, Kind kind, double shift) {
  switch (kind) {
    case Kind::real:
      return x;
    case Kind::int8:
      return quantize_int8(x, activation_steps);
    case Kind::bits2:
      return quantize_levels(x - shift, 2);
    case Kind::bits4:
      return quantize_levels(x - shift, 4);
    case Kind::bit1:
      break;
  }
  return signed_activation(x - shift, 1);
}

/// x has its channels in dimension `channels`.
Tensor NetImpl::signed_activation(const Tensor& x, std::int64_t channels) {
  if (options.binarizer == Binarizer::rad && is_training()) {
    const Tensor loss = rad_loss(x, channels);
    rad = rad.defined() ? rad + loss : loss;
    ++rad_terms;
  }
  return binarize_activation(x, options.binarizer, progress);
}

void NetImpl::freeze(std::size_t count) {
  const auto stop = [](const std::vector<Tensor>& parameters) {
    for (Tensor p : parameters) {
      p.set_requires_grad(false);
      p.mutable_grad().reset();
    }
  };
  if (count > 0 && spectrum.defined()) {
    stop({spectrum});
    stop(spectrum_norm->parameters());
  }
  for (std::size_t i = 0; i < std::min(count, convs.size()); ++i) {
    stop({convs[i]});
    stop(front_norms[i]->parameters());
    stop(front_slopes[i]->parameters());
  }
}

void NetImpl::constrain() {
  const auto signed_kind = [](Kind kind) { return kind != Kind::real && kind != Kind::int8; };
  const auto one = [&](Tensor w, Kind kind) {
    if (signed_kind(kind)) {
      constrain_weight(w, options.binarizer);
    }
  };
  for (const auto& module : modules()) {
    if (const auto* layer = dynamic_cast<const LayerImpl*>(module.get());
        layer != nullptr && layer->binary()) {
      one(layer->weight, Kind::bit1);
    }
  }
  for (std::size_t i = 1; i < convs.size(); ++i) {
    one(convs[i], options.conv2);
  }
  if (linear.defined()) {
    one(linear, options.linear);
  }
  for (const Block& block : blocks) {
    one(block->memory, options.memory);
    one(block->expand, options.pointwise);
    one(block->project, options.pointwise);
  }
}

Tensor NetImpl::weight(const Tensor& w, Kind kind) const {
  switch (kind) {
    case Kind::real:
      return w;
    case Kind::int8:
      return quantize_weight_int8(w);
    default:
      return real_weights ? w : binarize_weight(w, options.binarizer, progress);
  }
}

/// The first `count` convolutions: [B][channels][time][freq].
Tensor NetImpl::run_convs(const Tensor& features, std::size_t count, ConvTap* tap) {
  const Kind first = options.conv2 == Kind::real ? Kind::real : Kind::int8;
  Tensor x = features / activation_steps;  // [B][frames][coefficients]
  if (spectrum.defined()) {
    x = spectrum_norm(torch::matmul(x, weight(spectrum, first).t()).transpose(1, 2)).transpose(1, 2);
    x = activation(x, first, 0);
  }
  x = x.unsqueeze(1);  // [B][channels][frames][freq]
  for (std::size_t i = 0; i < count; ++i) {
    const ConvShape& shape = options.convs[i];
    const Kind kind = i == 0 ? first : options.conv2;
    const double outside = kind == Kind::real || kind == Kind::int8 ? 0.0 : 1.0;
    const std::int64_t pad = shape.pad_freq();
    x = fn::pad(x, fn::PadFuncOptions({pad, pad, 0, 0}).value(outside));
    x = torch::conv2d(x, weight(convs[i], kind), Tensor(), {shape.stride_time, shape.stride_freq});
    x = front_norms[i](x);
    if (shape.pools()) {  // what follows keeps the order of values
      x = torch::max_pool2d(x, {shape.pool_time, shape.pool_freq}, {shape.pool_stride, shape.pool_freq});
    }
    if (tap != nullptr && tap->conv == i) {
      tap->output = x;
    }
    x = front_slopes[i](x);
    x = activation(x, i + 1 < convs.size() ? options.conv2 : options.linear, front_end_shift);
  }
  return x;
}

void NetImpl::run_to(const Tensor& features, ConvTap& tap) {
  run_convs(features, tap.conv + 1, &tap);
}

Tensor NetImpl::front_end(const Tensor& features, ConvTap* tap) {
  Tensor x = run_convs(features, convs.size(), tap);
  x = x.permute({3, 1, 0, 2}).reshape({x.size(3) * x.size(1), -1});  // [freq · channels][B · T]
  return norm_slope(torch::mm(weight(linear, options.linear).flatten(1), x), front_norms.back()->rows(),
                    front_slopes.back()->value());
}

Tensor NetImpl::norm_then_sign(const Tensor& x, NormImpl& norm) {
  const Binarizer how = options.binarizer;
  if (how == Binarizer::ir_net || how == Binarizer::rad) {
    return signed_activation(norm_rows(x, norm.rows()), 0);
  }
  return norm_sign(x, norm.rows(), has_polynomial_window(how));
}

/// x + PReLU(BN(memory(x))).
Tensor NetImpl::memory(const Tensor& x, const Tensor& taps, BlockNormsImpl& norm) {
  const bool binary = options.memory == Kind::bit1;
  const Tensor in = binary ? norm_then_sign(x, *norm.memory_sign) : x;
  return norm_slope(memory_filter(in, taps, steps_, binary ? 1.0 : 0.0, options.causal ? 4 : 2),
                    norm.memory->rows(), norm.memory_slope->value(), x);
}

/// m = x + PReLU(BN(memory(x))); y = m + PReLU(BN(W2 · PReLU(BN(W1 · m)))).
Tensor NetImpl::block(const Tensor& x, const BlockWeights& weights, BlockNormsImpl& norm) {
  const bool binary = options.pointwise == Kind::bit1;
  const Tensor m = memory(x, weights.memory, norm);
  const Tensor h = torch::mm(weights.expand, binary ? norm_then_sign(m, *norm.sign) : m);
  const Tensor hidden = binary ? norm_then_sign(h, *norm.hidden)
                               : norm_slope(h, norm.hidden->rows(), norm.hidden_slope->value());
  return norm_slope(torch::mm(weights.project, hidden), norm.project->rows(), norm.project_slope->value(), m);
}

std::vector<NetImpl::BlockWeights> NetImpl::block_weights() const {
  std::vector<BlockWeights> all;
  for (const Block& block : blocks) {
    all.push_back({weight(block->memory, options.memory), weight(block->expand, options.pointwise).flatten(1),
                   weight(block->project, options.pointwise).flatten(1)});
  }
  return all;
}

/// The blocks of a branch: [C][B · steps] after the last.
Tensor NetImpl::run_branch(const Tensor& first, const std::vector<BlockWeights>& weights, std::size_t b,
                           std::vector<Tensor>* outputs) {
  Tensor x = first;
  const auto indices = options.branch_blocks(static_cast<int>(b));
  for (std::size_t i = 0; i < indices.size(); ++i) {
    x = block(x, weights[static_cast<std::size_t>(indices[i])], *norms[b][i]);
    if (outputs != nullptr) {
      outputs->push_back(x);
    }
  }
  return x;
}

std::vector<Tensor> NetImpl::forward_streams(const Tensor& features, const std::vector<int>& branches,
                                             std::vector<Tensor>* outputs, ConvTap* tap) {
  rad = Tensor();
  rad_terms = 0;
  const auto streams = features.size(0);
  const Tensor first = front_end(features, tap);
  if (outputs != nullptr && blocks.empty()) {
    outputs->push_back(first);
  }
  steps_ = first.size(1) / streams;
  const std::vector<BlockWeights> weights = block_weights();
  const bool real = options.pointwise == Kind::real;
  const Tensor of_window = real ? classifier->weight : quantize_weight_int8(classifier->weight);
  const Tensor taps = of_window.view({-1, options.memory_size, options.steps});  // [labels][C][steps]
  std::vector<Tensor> out;
  for (const int branch : branches) {
    const auto b = static_cast<std::size_t>(branch);
    const Tensor x = run_branch(first, weights, b, outputs);
    Tensor z = norm_rows(x, last[b]->rows()).view({x.size(0), streams, -1}).transpose(0, 1);  // [B][C][steps]
    z = torch::dropout(real ? z : quantize_int8(z, activation_steps), options.dropout, is_training());
    z = fn::pad(z, fn::PadFuncOptions({options.steps - 1, 0}));
    out.push_back(torch::conv1d(z, taps, classifier->bias).transpose(1, 2));
  }
  return out;
}

std::vector<BranchOutput> NetImpl::forward_whole(const Tensor& features) {
  precision->progress = progress;
  precision->real_weights = real_weights;
  precision->training = is_training();
  precision->rad = Tensor();
  precision->rad_terms = 0;
  auto [logits, words] = whole->forward(features);
  rad = precision->rad;
  rad_terms = precision->rad_terms;
  return {{logits, words, {}}};
}

std::vector<BranchOutput> NetImpl::forward(const Tensor& features, int count) {
  rad = Tensor();
  rad_terms = 0;
  if (whole) {
    return forward_whole(features);
  }
  const auto clips = features.size(0);
  const auto by_clip = [&](const Tensor& x) { return x.view({x.size(0), clips, -1}).transpose(0, 1); };
  const Tensor first = front_end(features);
  steps_ = options.steps;
  const std::vector<BlockWeights> weights = block_weights();
  const bool real = options.pointwise == Kind::real;
  const Tensor labels_weight = real ? classifier->weight : quantize_weight_int8(classifier->weight);
  std::vector<BranchOutput> out;
  for (std::size_t b = 0; b < static_cast<std::size_t>(count); ++b) {
    BranchOutput branch;
    const Tensor x = run_branch(first, weights, b, &branch.features);
    std::transform(branch.features.begin(), branch.features.end(), branch.features.begin(), by_clip);
    Tensor z = by_clip(norm_rows(x, last[b]->rows()));  // [B][C][T]
    z = torch::dropout(real ? z : quantize_int8(z, activation_steps), options.dropout, is_training());
    branch.logits = torch::linear(z.flatten(1), labels_weight, classifier->bias);
    branch.words = word_classifier(z.mean(2));
    out.push_back(std::move(branch));
  }
  return out;
}

}  // namespace kwsd::train
