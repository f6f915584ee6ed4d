// Networks of every exportable kind -> model -> file -> engine: the same integers as in torch, and close to
// the network in floating point.
#include "models/trainer/net/export.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "engine/model/model_size.h"
#include "models/trainer/net/judge.h"

using namespace kwsd;
using namespace kwsd::train;

namespace {

constexpr int coefficients = 16;

NetOptions options_of(Kind conv2, Kind linear, Kind memory, Binarizer binarizer) {
  NetOptions o;
  o.coefficients = coefficients;
  o.memory_size = 24;
  o.hidden_size = 40;
  o.blocks = 2;  // few, so that a sign flipped by rounding does not decide everything
  o.convs[0].channels = o.convs[1].channels = 16;
  o.conv2 = conv2;
  o.linear = linear;
  o.memory = memory;
  o.pointwise = Kind::bit1;
  o.binarizer = binarizer;
  o.labels = 4;
  o.words = 6;
  return o;
}

Checkpoint random_checkpoint(const NetOptions& options, std::uint64_t seed) {
  torch::manual_seed(seed);
  Checkpoint c;
  c.info.options = options;
  c.info.labels = {{"yes", LabelKind::keyword},
                   {"no", LabelKind::keyword},
                   {"unknown", LabelKind::unknown},
                   {"silence", LabelKind::silence}};
  c.info.recipe = "{}";
  c.info.features.coefficients = coefficients;
  c.info.features.mean.assign(coefficients, 0.5F);
  c.info.features.scale.assign(coefficients, 8.0F);
  c.net = Net(options);
  c.average = Net(options);
  torch::NoGradGuard no_grad;
  for (auto& entry : c.net->named_parameters()) {
    if (entry.value().dim() == 1) {
      entry.value().add_(0.2 * torch::randn_like(entry.value()));
    }
  }
  c.net->train();  // statistics as after training
  for (int i = 0; i < 40; ++i) {
    c.net->forward((40 * torch::randn({32, options.frames(), coefficients})).round().clamp(-127, 127),
                   branch_count);
  }
  c.average->copy_from(*c.net);
  return c;
}

std::vector<Batch> random_clips(std::size_t count, int frames = 41) {
  Batch batch;
  batch.size = count;
  batch.frames = static_cast<std::size_t>(frames);
  batch.coefficients = coefficients;
  const torch::Tensor x =
      (40 * torch::randn({static_cast<std::int64_t>(count * batch.frames * coefficients)}))
          .round()
          .clamp(-127, 127);
  batch.features.assign(x.data_ptr<float>(), x.data_ptr<float>() + x.numel());
  batch.labels.assign(count, 0);
  batch.words.assign(count, -1);
  return {batch};
}

torch::Tensor frames_of(const std::vector<Batch>& clips) {
  return torch::tensor(clips[0].features)
      .view({-1, static_cast<std::int64_t>(clips[0].frames), coefficients});
}

}  // namespace

TEST_CASE("engine and trainer agree on every kind of network") {
  const std::uint64_t seed = 11;
  const bool deep = GENERATE(false, true);
  const auto [conv2, linear, memory, binarizer] = GENERATE(
      table<Kind, Kind, Kind, Binarizer>({{Kind::int8, Kind::int8, Kind::int8, Binarizer::bi_real},
                                          {Kind::int8, Kind::bits4, Kind::int8, Binarizer::xnor},
                                          {Kind::bits4, Kind::bits2, Kind::bit1, Binarizer::ir_net},
                                          {Kind::bit1, Kind::bit1, Kind::bit1, Binarizer::bi_real},
                                          {Kind::bits2, Kind::int8, Kind::int8, Binarizer::dorefa}}));
  CAPTURE(seed, deep, conv2, linear, memory, binarizer);
  NetOptions options = options_of(conv2, linear, memory, binarizer);
  if (deep) {
    if (conv2 != Kind::int8) {
      return;  // layers of few bits on random weights have no margins
    }
    options.spectrum = true;
    options.steps = 5;
    options.convs = {{16, 5, 1, 2}, {32, 3, 2, 2}, {16, 3, 1, 1}};
  }
  Checkpoint checkpoint = random_checkpoint(options, seed);
  const auto clips = random_clips(64, options.frames());
  const Model model = to_model(checkpoint, "test", frames_of(clips));
  CHECK(float32_parameters(model) == static_cast<std::int64_t>(float_parameters(*checkpoint.average)));
  const auto bytes = serialize_model(model);
  const auto again = std::make_shared<const Model>(parse_model(bytes, "test"));
  const Posteriors engine = engine_posteriors(again, clips);
  REQUIRE_NOTHROW(require_same(engine, integer_posteriors(model, clips)));
  const Posteriors trained = trained_posteriors(*checkpoint.average, clips);
  for (std::size_t b = 0; b < engine.size(); ++b) {
    // Rounding flips a few signs near their thresholds: random weights and noise make margins small.
    CHECK((engine[b] - trained[b]).abs().mean().item<double>() < 0.05);
    CHECK(engine[b].argmax(1).eq(trained[b].argmax(1)).to(torch::kFloat32).mean().item<double>() > 0.7);
  }
}

TEST_CASE("a difference between engine and trainer is an error") {
  Checkpoint checkpoint =
      random_checkpoint(options_of(Kind::int8, Kind::int8, Kind::int8, Binarizer::bi_real), 12);
  const auto clips = random_clips(32);
  Model model = to_model(checkpoint, "test", frames_of(clips));
  const Posteriors integer = integer_posteriors(model, clips);
  model.blocks[1].expand.words[0] ^= 0xffff;  // 16 weights
  model.branches[0].params[0].project.channels[3].bias += 500;
  const Posteriors engine = engine_posteriors(std::make_shared<const Model>(model), clips);
  REQUIRE_THROWS_WITH(require_same(engine, integer), Catch::Contains("differs from the trainer's integers"));
}

TEST_CASE("a full-precision network cannot be exported") {
  Checkpoint checkpoint =
      random_checkpoint(options_of(Kind::real, Kind::int8, Kind::int8, Binarizer::bi_real), 13);
  REQUIRE_THROWS_AS(to_model(checkpoint, "test", frames_of(random_clips(4))), Error);
}

TEST_CASE("a checkpoint comes back as it was, a damaged one is named") {
  const auto path = std::filesystem::temp_directory_path() / "kwsd_export_test.pt";
  Checkpoint checkpoint =
      random_checkpoint(options_of(Kind::bits4, Kind::bit1, Kind::bit1, Binarizer::rad), 14);
  checkpoint.info.epochs_done = 3;
  save_checkpoint(path, checkpoint, nullptr);
  Checkpoint again = load_checkpoint(path);
  REQUIRE(again.info.epochs_done == 3);
  REQUIRE(again.info.options.conv2 == Kind::bits4);
  REQUIRE(again.info.options.binarizer == Binarizer::rad);
  REQUIRE((again.info.options.convs == checkpoint.info.options.convs));
  const auto clips = random_clips(8);
  REQUIRE(
      torch::equal(trained_posteriors(*again.net, clips)[2], trained_posteriors(*checkpoint.net, clips)[2]));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  REQUIRE_THROWS_WITH(load_checkpoint(path), Catch::Contains("kwsd_export_test.pt"));
  std::filesystem::remove(path);
  REQUIRE_THROWS_WITH(load_checkpoint(path), Catch::Contains("no such file"));
}
