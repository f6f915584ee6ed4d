#include "models/trainer/net/describe.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/export.h"

namespace kwsd::train {
namespace {

constexpr int memory_taps = 5;

std::string kind_name(Kind kind) {
  return kind_names()[static_cast<std::size_t>(kind)];
}

/// The layers before the blocks of an FSMN (network.cpp, front_end).
std::vector<LayerSize> front_end_layers(const NetOptions& o) {
  const Kind first = o.conv2 == Kind::real ? Kind::real : Kind::int8;
  std::vector<LayerSize> layers;
  std::int64_t time = o.frames();
  std::int64_t freq = o.coefficients;
  std::int64_t channels = 1;
  if (o.spectrum) {
    layers.push_back({"spectrum", {time, freq}, freq * freq, time * freq * freq, kind_name(first)});
  }
  for (const ConvShape& s : o.convs) {
    time = (time - s.kernel_time) / s.stride_time + 1;
    freq = s.conv_freq(static_cast<int>(freq));
    const std::int64_t weights = channels * s.channels * s.kernel_time * s.kernel_freq;
    const Kind kind = layers.size() == (o.spectrum ? 1U : 0U) ? first : o.conv2;
    layers.push_back({fmt::format("conv {}x{}", s.kernel_time, s.kernel_freq),
                      {s.channels, time, freq},
                      weights,
                      weights * time * freq,
                      kind_name(kind)});
    channels = s.channels;
    time = (time - s.pool_time) / s.pool_stride + 1;
    freq /= s.pool_freq;
  }
  const std::int64_t weights = channels * freq * o.memory_size;
  layers.push_back({"linear", {o.memory_size, time}, weights, weights * time, kind_name(o.linear)});
  return layers;
}

std::vector<LayerSize> fsmn_layers(const NetOptions& o, int branch) {
  std::vector<LayerSize> layers = front_end_layers(o);
  const std::int64_t c = o.memory_size;
  const std::int64_t h = o.hidden_size;
  const std::int64_t t = o.steps;
  for (const int i : o.branch_blocks(branch)) {
    const std::string block = "block " + std::to_string(i) + " ";
    layers.push_back({block + "memory", {c, t}, c * memory_taps, c * memory_taps * t, kind_name(o.memory)});
    layers.push_back({block + "expand", {h, t}, c * h, c * h * t, kind_name(o.pointwise)});
    layers.push_back({block + "project", {c, t}, c * h, c * h * t, kind_name(o.pointwise)});
  }
  const Kind last = o.pointwise == Kind::real ? Kind::real : Kind::int8;
  layers.push_back({"classifier", {o.labels}, (c * t + 1) * o.labels, c * t * o.labels, kind_name(last)});
  return layers;
}

BranchWork work_of(const std::vector<LayerSize>& layers, int blocks) {
  BranchWork work{blocks, 0, 0};
  for (const LayerSize& layer : layers) {
    (layer.kind == "bit1" ? work.binary : work.real) += layer.multiply_adds;
  }
  return work;
}

std::int64_t weights_of(const std::vector<LayerSize>& layers) {
  std::int64_t sum = 0;
  for (const LayerSize& layer : layers) {
    sum += layer.parameters;
  }
  return sum;
}

int bits_of(const std::string& kind) {
  return kind == "real" ? 32 : kind == "int8" ? 8 : 1;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t n : shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(n);
  }
  return text;
}

}  // namespace

std::int64_t Description::parameters() const noexcept {
  return weights_of(layers) + others;
}

std::int64_t Description::bytes() const noexcept {
  std::int64_t bits = 32 * others;
  for (const LayerSize& layer : layers) {
    bits += layer.parameters * bits_of(layer.kind);
  }
  return (bits + 7) / 8;
}

Description describe(const NetOptions& options, const InputSize& input) {
  torch::NoGradGuard no_grad;
  Description out;
  Net net(options);
  if (options.architecture == Architecture::fsmn) {
    out.layers = fsmn_layers(options, 0);
    for (int b = 0; b < options.branches(); ++b) {
      out.branches.push_back(
          work_of(fsmn_layers(options, b), static_cast<int>(options.branch_blocks(b).size())));
    }
  } else {
    const int frames = input.frames > 0 ? input.frames : options.frames();
    net->eval();
    net->precision->trace = &out.layers;
    net->forward(options.takes_samples() ? torch::zeros({1, 1, input.samples})
                                         : torch::zeros({1, frames, options.coefficients}),
                 1);
    out.branches.push_back(work_of(out.layers, 0));
  }
  out.others = static_cast<std::int64_t>(float_parameters(*net)) - weights_of(out.layers);
  return out;
}

std::string to_markdown(const Description& d) {
  std::string text = "| layer | output | kind | parameters | multiply-adds |\n|---|---|---|---|---|\n";
  for (const LayerSize& layer : d.layers) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", layer.name, shape_text(layer.output), layer.kind,
                        layer.parameters, layer.multiply_adds);
  }
  text += fmt::format("| norms, slopes |  | real | {} |  |\n\n{} parameters, {} bytes.\n", d.others,
                      d.parameters(), d.bytes());
  for (const BranchWork& branch : d.branches) {
    text += fmt::format(
        "{}{:.3f} M multiply-adds: {:.3f} M real or int8, {:.3f} M 1-bit; {:.3f} M FLOPs (64 1-bit ones "
        "count as one).\n",
        branch.blocks > 0 ? fmt::format("{} blocks: ", branch.blocks) : "",
        static_cast<double>(branch.real + branch.binary) / 1e6, static_cast<double>(branch.real) / 1e6,
        static_cast<double>(branch.binary) / 1e6, branch.flops() / 1e6);
  }
  return text;
}

std::string to_json(const Description& d) {
  nlohmann::json out{{"parameters", d.parameters()}, {"bytes", d.bytes()}};
  for (const BranchWork& branch : d.branches) {
    out["branches"].push_back({{"blocks", branch.blocks},
                               {"real", branch.real},
                               {"binary", branch.binary},
                               {"flops", branch.flops()}});
  }
  for (const LayerSize& layer : d.layers) {
    out["layers"].push_back({{"name", layer.name},
                             {"output", layer.output},
                             {"kind", layer.kind},
                             {"parameters", layer.parameters},
                             {"multiply_adds", layer.multiply_adds}});
  }
  return out.dump(1);
}

}  // namespace kwsd::train
