#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/hard_windows.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;

namespace {

FeatureParams made_up_features() {
  FeatureParams features;
  Random random(3);
  for (std::uint32_t c = 0; c < features.coefficients; ++c) {
    features.mean.push_back(random.uniform_f(-2, 2));
    features.scale.push_back(random.uniform_f(4, 60));
  }
  return features;
}

NetOptions conv_options() {
  NetOptions options;
  options.architecture = Architecture::conv;
  options.convs.front().channels = 4;
  options.labels = 4;
  return options;
}

/// Two keywords, sixteen stretches of "speech" and as many of "noise".
struct Speech {
  Speech() {
    write_words(folder.path() / "data", {"yes", "no", "tree"}, 10);
    for (int s = 0; s < 16; ++s) {
      write_clip(folder.path() / "speech" / (std::to_string(s) + "_talk.wav"), tone(8, 300, 0, 8));
      write_clip(folder.path() / "noise" / (std::to_string(s) + "_hum.wav"), tone(4, 60, 0, 4));
    }
    DataOptions options;
    options.words = {folder.path() / "data"};
    options.keywords = {"yes", "no"};
    options.speech = {folder.path() / "speech"};
    options.noise = {folder.path() / "noise"};
    options.cache = folder.path() / "cache";
    dataset = std::make_unique<Dataset>(options);
  }
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
};

/// A net that gives `label` the highest posterior, whatever it hears.
Net biased_net(std::int64_t label) {
  NetOptions options;
  options.memory_size = 8;
  options.hidden_size = 8;
  options.labels = 4;
  Net net(options);
  torch::NoGradGuard no_grad;
  net->classifier->weight.zero_();
  net->classifier->bias.zero_();
  net->classifier->bias[label] = 5;
  return net;
}

std::vector<HardWindow> found_by(Net net, const Dataset& dataset, std::uint64_t seed, unsigned threads = 2) {
  Random random(seed);
  return find_hard_windows(*net, made_up_features(), dataset, random, threads);
}

bool same_windows(const std::vector<HardWindow>& a, const std::vector<HardWindow>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const HardWindow& x, const HardWindow& y) {
    return x.samples == y.samples && x.noise == y.noise;
  });
}

}  // namespace

TEST_CASE("a conv net sees the log-mel spectrum that the MFCC were made of") {
  const FeatureParams features = made_up_features();
  const auto n = static_cast<std::int64_t>(features.coefficients);
  torch::manual_seed(1);
  const torch::Tensor spectrum = torch::randn({n}, torch::kFloat64);
  const auto value = [&](std::int64_t m) { return spectrum[m].item<double>(); };
  torch::Tensor quantized = torch::zeros({1, n});
  for (std::int64_t j = 0; j < n; ++j) {  // feature_params.h
    double c = 0;
    for (std::int64_t m = 0; m < n; ++m) {
      c += value(m) * std::cos(std::numbers::pi * static_cast<double>(j) * (static_cast<double>(m) + 0.5) /
                               static_cast<double>(n));
    }
    c *= std::sqrt((j == 0 ? 1.0 : 2.0) / static_cast<double>(n));
    quantized[0][j] = c * static_cast<double>(features.scale[static_cast<std::size_t>(j)]);
  }
  Net net(conv_options());
  net->conv->set_features(features);
  const torch::Tensor undone = torch::matmul(quantized, net->conv->spectrum)[0];
  for (std::int64_t m = 0; m < n; ++m) {
    REQUIRE(undone[m].item<double>() == Approx(value(m)).margin(1e-4));
  }
}

TEST_CASE("a conv net classifies and survives its checkpoint, but is no model") {
  torch::manual_seed(2);
  Checkpoint c;
  c.info.options = conv_options();
  c.info.features = made_up_features();
  c.info.labels.resize(4);
  c.info.recipe = "{}";
  c.net = Net(c.info.options);
  c.average = Net(c.info.options);
  const torch::Tensor features = (40 * torch::randn({3, 41, 32})).round().clamp(-127, 127);
  c.average->eval();
  const auto before = c.average->forward(features, 1);
  REQUIRE(before.size() == 1);
  REQUIRE(before[0].logits.sizes() == torch::IntArrayRef({3, 4}));
  REQUIRE(before[0].features.empty());

  TemporaryFolder folder;
  save_checkpoint(folder.path() / "conv.pt", c, nullptr);
  Checkpoint again = load_checkpoint(folder.path() / "conv.pt");
  again.average->eval();
  REQUIRE(torch::equal(again.average->forward(features, 1)[0].logits, before[0].logits));
}

TEST_CASE("a net finds the negatives that it takes for a keyword, and does not change") {
  auto negatives = std::make_shared<Negatives>();
  negatives->features = made_up_features();
  negatives->collections = {{"talk", "CC0", 1}};
  const std::size_t width = negatives->features.coefficients;
  for (std::size_t run = 0; run < 300; ++run) {
    negatives->runs.push_back({0, NegativeKind::plain, "", negatives->frames.size() / width, 50});
    negatives->frames.resize(negatives->frames.size() + 50 * width, static_cast<std::int8_t>(run % 100));
  }
  const NegativeWindows windows(negatives, {"yes"}, negatives->features, 41, AugmentOptions{});
  Net keyword = biased_net(1);
  keyword->train();
  Random random(7), again(7);
  const auto found = find_hard_negatives(*keyword, windows, random);
  REQUIRE_FALSE(found.empty());
  REQUIRE(found.size() <= hard_positions_most);
  REQUIRE(keyword->is_training());
  for (const NegativePosition& position : found) {
    REQUIRE(position.run < windows.runs());
    REQUIRE(position.first >= -10);
    REQUIRE(position.first <= 50 - 41 + 10);
  }
  const auto same = find_hard_negatives(*keyword, windows, again);
  REQUIRE(same.size() == found.size());
  REQUIRE(same.front().run == found.front().run);
  Net unknown = biased_net(2);
  REQUIRE(find_hard_negatives(*unknown, windows, random).empty());
}

TEST_CASE("a net finds the speech and noise that it takes for a keyword") {
  const Speech made;
  Net net = biased_net(1);
  const std::vector<HardWindow> hard = found_by(net, *made.dataset, 7);
  const auto noises =
      std::count_if(hard.begin(), hard.end(), [](const HardWindow& window) { return window.noise; });
  REQUIRE(noises > 0);
  REQUIRE(noises < static_cast<std::ptrdiff_t>(hard.size()));
  REQUIRE(hard.size() <= hard_windows_most);
  for (const HardWindow& window : hard) {
    REQUIRE(window.samples.size() > 16000);
    REQUIRE(std::any_of(window.samples.begin(), window.samples.end(), [](int v) { return v != 0; }));
  }
  REQUIRE(net->is_training());
  REQUIRE(same_windows(hard, found_by(net, *made.dataset, 7)));
  REQUIRE(same_windows(hard, found_by(net, *made.dataset, 7, 1)));  // threads
  REQUIRE_FALSE(same_windows(hard, found_by(net, *made.dataset, 8)));
  REQUIRE(found_by(biased_net(2), *made.dataset, 7).empty());  // unknown
}
