// The loss over streams against plain loops, and a causal net over a stream against itself on pieces of it.
#include "models/trainer/stream/stream_loss.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "models/trainer/net/network.h"
#include "models/trainer/stream/replay.h"
#include "tests/unit/trainer/net/tensor_values.h"

using namespace kwsd::train;
using torch::Tensor;

namespace {

constexpr int labels = 5, stream_steps = 40, streams = 3;

StreamBatch made_up() {
  StreamBatch batch;
  batch.size = streams;
  batch.frames = 4;
  batch.coefficients = 2;
  batch.features.assign(streams * 4 * 2, 0.0F);
  batch.times = {640, 768, stream_steps};
  batch.occurrences = {{0, 1, 0.3, 0.8}, {2, 0, 0.9, 1.2}, {2, 2, 0.2, 0.5}};
  for (int i = 0; i < streams * stream_steps; ++i) {
    batch.targets.push_back(i % 3 == 0 ? 3 : i % 3 == 1 ? 4 : -1);
    batch.negative.push_back(i % 4 == 0 ? 0.0F : 1.0F);
  }
  return batch;
}

using Grid = std::vector<std::vector<std::vector<double>>>;  // [stream][step][label]

Grid grid_of(const Tensor& t) {
  const auto flat = values(t);
  Grid out(streams, std::vector<std::vector<double>>(stream_steps, std::vector<double>(labels)));
  for (std::size_t i = 0; i < flat.size(); ++i) {
    out[i / (stream_steps * labels)][i / labels % stream_steps][i % labels] = flat[i];
  }
  return out;
}

Grid softmax_of(Grid x) {
  for (auto& stream : x) {
    for (auto& step : stream) {
      double sum = 0;
      for (double& v : step) sum += v = std::exp(v);
      for (double& v : step) v /= sum;
    }
  }
  return x;
}

/// Mean over a step and the two before it; what lies before the stream counts as 0.
Grid mean_of_three(const Grid& p) {
  Grid q = p;
  for (std::size_t s = 0; s < p.size(); ++s) {
    for (std::size_t t = 0; t < stream_steps; ++t) {
      for (std::size_t l = 0; l < labels; ++l) {
        q[s][t][l] = (p[s][t][l] + (t > 0 ? p[s][t - 1][l] : 0) + (t > 1 ? p[s][t - 2][l] : 0)) / 3;
      }
    }
  }
  return q;
}

double expected_loss(const Tensor& logits, const StreamBatch& batch, const StreamLossWeights& w) {
  const Grid p = softmax_of(grid_of(logits));
  const Grid q = mean_of_three(p);
  double negative = 0;
  double step_sum = 0;
  int step_count = 0;
  for (std::size_t s = 0; s < streams; ++s) {
    std::vector<double> hard;
    for (std::size_t t = 0; t < stream_steps; ++t) {
      const double sum = q[s][t][0] + q[s][t][1] + q[s][t][2];
      hard.push_back(batch.negative[s * stream_steps + t] > 0 ? -std::log(1 - sum) : 0.0);
      if (const auto target = batch.targets[s * stream_steps + t]; target >= 0) {
        step_sum -= std::log(p[s][t][static_cast<std::size_t>(target)]);
        ++step_count;
      }
    }
    std::sort(hard.rbegin(), hard.rend());
    negative += (hard[0] + hard[1] + hard[2]) / 3 / streams;
  }
  double hit = 0;
  double rival = 0;
  double sure = 0;
  int sure_count = 0;
  for (const Occurrence& o : batch.occurrences) {
    const auto label = static_cast<std::size_t>(o.label);
    double best = 0;
    double other = 0;
    for (std::size_t t = 0; t < stream_steps; ++t) {
      const double now = batch.times.end_seconds(t);
      if (now >= o.end - 0.05 && now <= o.end + 0.5) best = std::max(best, q[o.stream][t][label]);
      for (std::size_t l = 0; l < 3; ++l) {
        if (l != label && now >= o.begin + 0.1 && now <= o.end + 0.7)
          other = std::max(other, q[o.stream][t][l]);
      }
      if (now >= o.end - 0.02 && now <= o.end + 0.26) {
        sure -= std::log(p[o.stream][t][label]);
        ++sure_count;
      }
    }
    hit -= std::log(best) / static_cast<double>(batch.occurrences.size());
    rival -= std::log(1 - other) / static_cast<double>(batch.occurrences.size());
  }
  return w.hit * hit + w.negative * negative + w.rival * rival + w.step * step_sum / step_count +
         w.sure * sure / sure_count;
}

NetOptions small_net() {
  NetOptions o;
  o.convs = {{4, 3, 2, 2}, {8, 3, 1, 2}};
  o.memory_size = 16;
  o.hidden_size = 32;
  o.blocks = 4;
  o.labels = labels;
  o.words = 0;
  o.dropout = 0;
  o.causal = true;
  o.steps = 4;
  o.conv2 = o.linear = o.memory = Kind::int8;
  o.pointwise = Kind::bit1;
  return o;
}

}  // namespace

TEST_CASE("the loss over streams is the sum that plain loops make") {
  torch::manual_seed(3);
  const StreamBatch batch = made_up();
  const StreamTargets targets = to_targets(batch);
  for (int round = 0; round < 5; ++round) {
    const Tensor logits = 2 * torch::randn({streams, stream_steps, labels});
    StreamLossWeights weights;
    weights.hit = 1.5;
    weights.rival = 0.7;
    const double loss = stream_loss(logits, targets, weights).total.item<double>();
    REQUIRE(loss == Approx(expected_loss(logits, batch, weights)).epsilon(1e-4));
  }
}

TEST_CASE("the loss has a gradient, also where a batch has no keyword or no step with a target") {
  StreamBatch batch = made_up();
  batch.occurrences.clear();
  batch.targets.assign(batch.targets.size(), -1);
  Tensor logits = torch::randn({streams, stream_steps, labels}).requires_grad_();
  stream_loss(logits, to_targets(batch), {}).total.backward();
  REQUIRE(logits.grad().isfinite().all().item<bool>());
  REQUIRE(logits.grad().abs().max().item<double>() > 0);
}

TEST_CASE("certainty at the wrong place costs no infinity") {
  const Tensor logits = torch::zeros({streams, stream_steps, labels});
  logits.select(2, 0).fill_(200);
  const StreamLoss loss = stream_loss(logits, to_targets(made_up()), {});
  REQUIRE(std::isfinite(loss.total.item<double>()));
}

TEST_CASE("a causal net computes a step from what came before it alone") {
  torch::manual_seed(9);
  NetOptions options =
      small_net();  // in real numbers: a sign or a step of int8 may fall either way, as sums are rounded
  options.conv2 = options.linear = options.memory = options.pointwise = Kind::real;
  Net net(options);
  net->eval();
  torch::NoGradGuard no_grad;
  const Tensor features = (40 * torch::randn({2, 61, 32})).round().clamp(-127, 127);
  const auto whole = net->forward_streams(features, {0, 1, 2});
  const auto beginning = net->forward_streams(features.slice(1, 0, 41), {0, 1, 2});
  REQUIRE(whole.size() == 3);
  for (std::size_t b = 0; b < whole.size(); ++b) {
    REQUIRE(whole[b].sizes() == torch::IntArrayRef({2, 28, labels}));
    const Tensor same = whole[b].slice(1, 0, beginning[b].size(1));
    REQUIRE(torch::allclose(same, beginning[b], 1e-4, 1e-5));
    Tensor changed = features.clone();
    changed.slice(1, 0, 3).fill_(0);
    REQUIRE_FALSE(torch::allclose(net->forward_streams(changed, {0, 1, 2})[b], whole[b], 1e-4, 1e-5));
  }
}

TEST_CASE("hard streams without a keyword are shown again until they are learnt") {
  StreamBatch batch = made_up();
  batch.negative.assign(batch.negative.size(), 1.0F);
  batch.negative[0] = 0;  // the first stream has a keyword
  const StreamTargets targets = to_targets(batch);
  Replay replay(10, 1);
  REQUIRE(replay.extend(targets, 2).features.size(0) == streams);
  replay.learn(targets, torch::tensor({2.0F, 0.8F, 0.01F}));
  REQUIRE(replay.size() == 1);
  const StreamTargets again = replay.extend(targets, 2);
  REQUIRE(again.features.size(0) == streams + 1);
  REQUIRE(torch::equal(again.targets[streams], targets.targets[1]));
  replay.learn(targets, torch::tensor({0.0F, 0.0F, 0.0F, 0.3F}));
  REQUIRE(replay.size() == 1);
  static_cast<void>(replay.extend(targets, 2));
  replay.learn(targets, torch::tensor({0.0F, 0.0F, 0.0F, 0.05F}));
  REQUIRE(replay.size() == 0);
}
