// The architectures for comparison against their papers: parameters and multiply-adds by an arithmetic of
// their own, and the numbers that the papers give.
#include "models/trainer/net/architectures.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "models/trainer/net/describe.h"
#include "models/trainer/net/network.h"
#include "tests/unit/trainer/net/tensor_values.h"

using namespace kwsd::train;
using torch::Tensor;

namespace {

NetOptions options_of(Architecture architecture, int width, int coefficients = 32) {
  NetOptions options;
  options.architecture = architecture;
  options.width = width;
  options.coefficients = coefficients;
  options.words = 0;
  return options;
}

NetOptions binary(NetOptions options, Binarizer binarizer) {
  options.conv2 = options.linear = options.memory = options.pointwise = Kind::bit1;
  options.binarizer = binarizer;
  return options;
}

bool within_2_percent(double found, double expected) {
  CAPTURE(found, expected);
  CHECK(std::abs(found - expected) <= 0.02 * expected);
  return std::abs(found - expected) <= 0.02 * expected;
}

struct Sum {
  std::int64_t parameters = 0, products = 0;
  void conv(std::int64_t weights, std::int64_t places) {
    parameters += weights;
    products += weights * places;
  }
  void norm(std::int64_t channels) { parameters += 2 * channels; }
};

/// The layers of Table 1 of the paper on BC-ResNet, with tau = base / 8.
Sum bc_resnet_by_hand(std::int64_t base, std::int64_t bands, std::int64_t frames) {
  Sum sum;
  std::int64_t channels = 2 * base;
  std::int64_t freq = bands / 2;
  sum.conv(25 * channels, freq * frames);
  sum.norm(channels);
  const struct {
    std::int64_t channels, blocks, stride;
  } stages[] = {{base, 2, 1}, {3 * base / 2, 2, 2}, {2 * base, 4, 2}, {5 * base / 2, 4, 1}};
  for (const auto& stage : stages) {
    for (std::int64_t i = 0; i < stage.blocks; ++i) {
      const std::int64_t c = stage.channels;
      if (i == 0) {
        sum.conv(channels * c, freq * frames);
        sum.norm(c);
        freq /= stage.stride;
      }
      sum.conv(3 * c, freq * frames);
      sum.norm(5 * c);  // sub-spectral: five bands
      sum.conv(3 * c, frames);
      sum.norm(c);
      sum.conv(c * c, frames);
      channels = c;
    }
  }
  sum.conv(25 * channels, frames);
  sum.conv(channels * 4 * base, frames);
  sum.norm(4 * base);
  sum.conv(12 * 4 * base, 1);
  sum.parameters += 12;
  return sum;
}

Sum vgg19_by_hand(std::int64_t width, std::int64_t size) {
  Sum sum;
  std::int64_t from = 1;
  const struct { std::int64_t convs, times; } stages[] = {{2, 1}, {2, 2}, {4, 4}, {4, 8}, {4, 8}};
  for (const auto& stage : stages) {
    for (std::int64_t i = 0; i < stage.convs; ++i) {
      const std::int64_t to = width * stage.times;
      sum.conv(9 * from * to, size * size);
      sum.norm(to);
      from = to;
    }
    size /= 2;
  }
  sum.conv(12 * from, 1);
  sum.parameters += 12;
  return sum;
}

std::int64_t products(const Description& d) {
  return d.branches.front().real + d.branches.front().binary;
}

}  // namespace

TEST_CASE("BC-ResNet: parameters as in its paper, 9.2 k and 321 k, products by hand") {
  for (const int width : {8, 64}) {
    const Description d = describe(options_of(Architecture::bc_resnet, width, 40), {.frames = 101});
    const Sum by_hand = bc_resnet_by_hand(width, 40, 101);
    REQUIRE(d.parameters() == by_hand.parameters);
    REQUIRE(products(d) == by_hand.products);
    REQUIRE(within_2_percent(static_cast<double>(d.parameters()), width == 8 ? 9200 : 321000));
  }
  // 89.1 M in the paper for the large one: 85.9 M here, which leaves out batch norms, activations and
  // poolings.
  const Description large = describe(options_of(Architecture::bc_resnet, 64, 40), {.frames = 101});
  REQUIRE(static_cast<double>(products(large)) / 89.1e6 == Approx(0.964).margin(0.005));
}

TEST_CASE("VGG19: the convs of its paper, 20.0 M, products a 49th of those at 224 x 224") {
  const Description d = describe(options_of(Architecture::vgg19, 64), {.frames = 32});
  const Sum by_hand = vgg19_by_hand(64, 32);
  REQUIRE(d.parameters() == by_hand.parameters);
  REQUIRE(products(d) == by_hand.products);
  REQUIRE(within_2_percent(static_cast<double>(d.parameters()), 20.02e6));
  REQUIRE(within_2_percent(static_cast<double>(products(d)), 19.5e9 / 49));
}

TEST_CASE("FSMN: W, W~ and seven coefficients a unit, layer by layer") {
  NetOptions options = options_of(Architecture::fsmn_2015, 128);
  options.blocks = 8;
  const Description d = describe(options, {});
  const std::int64_t units = 128, frames = options.frames();
  const std::int64_t layer = 2 * units * units + 7 * units;
  REQUIRE(products(d) == frames * (32 * units + 8 * layer) + 12 * units * frames);
  // Batch norm in place of the bias: one more parameter a unit.
  REQUIRE(d.parameters() == 32 * units + 8 * layer + 9 * 2 * units + 12 * (units * frames + 1));
}

TEST_CASE("Audiomer-S: 180 k parameters, as in its paper") {
  const NetOptions options = options_of(Architecture::audiomer, 4);
  const Description d = describe(options, {.frames = 0, .samples = 16384});
  REQUIRE(within_2_percent(static_cast<double>(d.parameters()), 180e3));
}

TEST_CASE("FSMN's memory looks three steps back and three ahead") {
  torch::manual_seed(5);
  NetOptions options = options_of(Architecture::fsmn_2015, 6);
  options.blocks = 1;
  Net net(options);
  net->eval();
  torch::NoGradGuard no_grad;
  const Tensor silence = torch::zeros({1, options.frames(), 32});
  Tensor click = silence.clone();
  click[0][20] += 30;
  // The classifier sees every step: make it sum the units of one.
  Tensor weight;
  for (auto& entry : net->named_parameters()) {
    if (entry.key() == "whole.classifier.weight") weight = entry.value();
  }
  REQUIRE(weight.defined());
  for (std::int64_t step = 14; step <= 26; ++step) {
    weight.zero_();
    weight.view({12, 6, -1}).select(2, step).fill_(1);
    const double apart =
        (net->forward(click, 1)[0].logits - net->forward(silence, 1)[0].logits).abs().max().item<double>();
    CAPTURE(step);
    REQUIRE((step < 17 || step > 23) == (apart < 1e-6));
  }
}

TEST_CASE("every architecture learns, real and 1-bit, and its gradients reach all weights") {
  const auto [architecture, width] = GENERATE(table<Architecture, int>({{Architecture::fsmn_2015, 8},
                                                                        {Architecture::vgg19, 2},
                                                                        {Architecture::bc_resnet, 4},
                                                                        {Architecture::audiomer, 2}}));
  const int kind = GENERATE(0, 1, 2);
  CAPTURE(architecture_names()[static_cast<std::size_t>(architecture)], kind);
  torch::manual_seed(6);
  NetOptions options = options_of(architecture, width);
  options.dropout = 0;
  options.words = 5;
  if (kind > 0) options = binary(options, kind == 1 ? Binarizer::xnor : Binarizer::ir_net);
  Net net(options);
  const Tensor x = options.takes_samples() ? torch::rand({4, 1, 4096}) - 0.5
                                           : (40 * torch::randn({4, options.frames(), 32})).round();
  const Tensor labels = torch::tensor({0, 1, 2, 3}, torch::kInt64);
  torch::optim::Adam optimizer(net->parameters(), torch::optim::AdamOptions(0.01));
  double first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    optimizer.zero_grad();
    const BranchOutput out = net->forward(x, 1).front();
    REQUIRE(out.logits.sizes() == torch::IntArrayRef({4, 12}));
    REQUIRE(out.words.sizes() == torch::IntArrayRef({4, 5}));
    const Tensor loss =
        torch::nll_loss(torch::log_softmax(out.logits, 1), labels) + 0.01 * out.words.pow(2).mean();
    loss.backward();
    if (step == 0) {
      first = loss.item<double>();
      for (const auto& entry : net->named_parameters()) {
        CAPTURE(entry.key());
        REQUIRE(entry.value().grad().defined());
        REQUIRE(torch::isfinite(entry.value().grad()).all().item<bool>());
      }
    }
    optimizer.step();
    net->constrain();
    last = loss.item<double>();
  }
  REQUIRE(last < 0.8 * first);
}

TEST_CASE("a 1-bit layer multiplies signs by signs, +1 outside, its input and weights by plain loops") {
  torch::manual_seed(7);
  const auto precision = std::make_shared<Precision>();
  precision->binary = true;
  precision->binarizer = Binarizer::bnn;
  Layer layer(LayerShape{.from = 2, .to = 3, .kernel = {3}, .padding = {1}}, precision);
  torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({1, 2, 4});
  const Tensor y = layer(x);
  const auto in = x.accessor<float, 3>();
  const auto w = layer->weight.accessor<float, 3>();
  for (int o = 0; o < 3; ++o) {
    for (int t = 0; t < 4; ++t) {
      double sum = 0;
      for (int i = 0; i < 2; ++i) {
        for (int k = 0; k < 3; ++k) {
          const int at = t + k - 1;
          const double value = at < 0 || at > 3 ? 1 : in[0][i][at] >= 0 ? 1 : -1;
          sum += value * (w[o][i][k] >= 0 ? 1 : -1);
        }
      }
      REQUIRE(y[0][o][t].item<double>() == Approx(sum));
    }
  }
  layer->shape.real = true;
  REQUIRE((layer(x) - torch::conv1d(x, layer->weight, {}, 1, 1)).abs().max().item<double>() < 1e-6);
}

TEST_CASE("D-FSMN: the paper's net, and BiFSMN_S") {
  NetOptions options;
  options.words = 0;
  options.thin = false;
  Description d = describe(options, {});
  // What method.md has for the paper's padded windows of 32 frames: 606 k, 5.43 M. Nothing pads in time here:
  // 41 frames.
  REQUIRE(within_2_percent(static_cast<double>(d.parameters()), 606e3));
  REQUIRE(within_2_percent(static_cast<double>(products(d)), 5.43e6));
  options.thin = true;
  d = describe(options, {});
  REQUIRE(d.branches.size() == 3);
  REQUIRE(within_2_percent(static_cast<double>(d.branches[1].real), 3.31e6));
  REQUIRE(within_2_percent(static_cast<double>(d.branches[2].real), 2.25e6));
  options.memory_size = 32;
  options.hidden_size = 64;
  options.conv2 = options.linear = options.memory = options.pointwise = Kind::bit1;
  options.thin = false;
  d = describe(options, {});
  std::int64_t weights = 400 + 16 * 32 * 25 + 256 * 32 + 8 * (5 * 32 + 2 * 32 * 64) + 12 * (32 * 8 + 1);
  std::int64_t found = 0;
  for (const LayerSize& layer : d.layers) found += layer.parameters;
  REQUIRE(found == weights);
  REQUIRE(d.branches[0].real == 400 * 19 * 16 + 12 * 32 * 8);  // the first conv and the classifier
  REQUIRE(d.branches[0].flops() ==
          Approx(static_cast<double>(d.branches[0].real) + static_cast<double>(d.branches[0].binary) / 64));
}
