// A causal net -> model -> file -> engine: the same integers as in torch at every step of a stream.
#include <catch2/catch.hpp>

#include "engine/model/model_file.h"
#include "models/trainer/net/export.h"
#include "models/trainer/net/integer_net.h"
#include "models/trainer/stream/stream_judge.h"

using namespace kwsd;
using namespace kwsd::train;
using torch::Tensor;

namespace {

constexpr int causal_coefficients = 16;

Checkpoint causal_checkpoint() {
  torch::manual_seed(4);
  NetOptions o;
  o.coefficients = causal_coefficients;
  o.spectrum = true;
  o.convs = {{8, 5, 1, 2}, {16, 3, 2, 2}, {16, 3, 1, 2}};
  o.memory_size = 24;
  o.hidden_size = 40;
  o.blocks = 4;
  o.steps = 6;
  o.conv2 = o.linear = o.memory = Kind::int8;
  o.pointwise = Kind::bit1;
  o.labels = 4;
  o.words = 0;
  o.causal = true;
  Checkpoint c;
  c.info.options = o;
  c.info.labels = {{"yes", LabelKind::keyword},
                   {"no", LabelKind::keyword},
                   {"unknown", LabelKind::unknown},
                   {"silence", LabelKind::silence}};
  c.info.recipe = "{}";
  c.info.features.coefficients = causal_coefficients;
  c.info.features.mean.assign(causal_coefficients, 0.5F);
  c.info.features.scale.assign(causal_coefficients, 8.0F);
  c.net = Net(o);
  c.average = Net(o);
  torch::NoGradGuard no_grad;
  c.net->set_features(c.info.features);
  c.net->train();  // statistics as after training
  for (int i = 0; i < 40; ++i) {
    c.net->forward_streams((40 * torch::randn({8, 60, causal_coefficients})).round().clamp(-127, 127),
                           o.all_branches());
  }
  c.average->copy_from(*c.net);
  return c;
}

}  // namespace

TEST_CASE("a streaming model gives the trainer's integers at every step, and is close to the net") {
  Checkpoint checkpoint = causal_checkpoint();
  const Tensor features = (40 * torch::randn({5, 90, causal_coefficients})).round().clamp(-127, 127);
  const Model model = to_model(checkpoint, "stream", features);
  REQUIRE(model.streaming);
  REQUIRE(model.detector.smoothing_seconds == stream_smoothing_seconds);
  const auto read = std::make_shared<const Model>(parse_model(serialize_model(model), "stream"));
  const auto engine = engine_stream_logits(read, features);
  torch::NoGradGuard no_grad;
  checkpoint.average->eval();
  const auto trained = checkpoint.average->forward_streams(features, {0, 1, 2});
  for (std::size_t b = 0; b < branch_count; ++b) {
    CAPTURE(b);
    const Tensor integer = integer::stream_logits(*read, static_cast<BranchId>(b), features);
    REQUIRE(integer.sizes() == trained[b].sizes());
    REQUIRE(torch::equal(engine[b], integer));
    const double apart =
        (torch::softmax(integer, 2) - torch::softmax(trained[b], 2)).abs().mean().item<double>();
    REQUIRE(apart < 0.05);
  }
}
