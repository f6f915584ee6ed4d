#include "models/trainer/net/row_ops.h"

#include <catch2/catch.hpp>
#include <functional>

using namespace kwsd::train;
using torch::Tensor;

namespace {

constexpr std::int64_t channels = 7, steps = 8, width = 5 * steps;

Tensor leaf(const Tensor& values) {
  return values.detach().clone().requires_grad_();
}

/// Inputs of a row operator: x, gain, bias, slope, residual, taps.
std::vector<Tensor> random_inputs() {
  return {leaf(3 * torch::randn({channels, width}) + 1),
          leaf(torch::rand({channels}) + 0.5),
          leaf(torch::randn({channels})),
          leaf(0.9 * torch::rand({channels})),
          leaf(torch::randn({channels, width})),
          leaf(torch::randn({channels, 5}))};
}

struct Outcome {
  Tensor value, mean, variance;
  std::vector<Tensor> gradients;
};

using Operator = std::function<Tensor(const std::vector<Tensor>&, const RowNorm&)>;

Outcome run(const std::vector<Tensor>& inputs, bool training, const Operator& op) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) leaves.push_back(leaf(input));
  RowNorm norm{leaves[1], leaves[2], torch::linspace(-1, 1, channels), torch::linspace(1, 9, channels),
               training};
  Outcome out;
  out.value = op(leaves, norm);
  (out.value * torch::linspace(-1, 2, channels * width).view({channels, width})).sum().backward();
  for (const Tensor& one : leaves) {
    out.gradients.push_back(one.grad().defined() ? one.grad() : torch::zeros_like(one));
  }
  out.mean = norm.mean;
  out.variance = norm.variance;
  return out;
}

void require_same(const Operator& fast, const Operator& plain) {
  torch::manual_seed(5);
  for (const bool training : {true, false}) {
    const auto inputs = random_inputs();
    const Outcome a = run(inputs, training, fast);
    const Outcome b = run(inputs, training, plain);
    REQUIRE(torch::allclose(a.value, b.value, 1e-4, 1e-5));
    REQUIRE(torch::allclose(a.mean, b.mean, 1e-4, 1e-5));
    REQUIRE(torch::allclose(a.variance, b.variance, 1e-4, 1e-5));
    for (std::size_t i = 0; i < a.gradients.size(); ++i) {
      INFO("gradient " << i << (training ? ", training" : ", evaluation"));
      REQUIRE(torch::allclose(a.gradients[i], b.gradients[i], 1e-3, 1e-4));
    }
  }
}

}  // namespace

TEST_CASE("batch norm and sign over rows give libtorch's values and gradients") {
  const bool polynomial = GENERATE(false, true);
  require_same(
      [&](const auto& in, const RowNorm& norm) { return norm_sign(in[0], norm, polynomial); },
      [&](const auto& in, const RowNorm& norm) { return plain::norm_sign(in[0], norm, polynomial); });
}

TEST_CASE("batch norm, PReLU and residual over rows give libtorch's values and gradients") {
  require_same(
      [](const auto& in, const RowNorm& norm) { return norm_slope(in[0], norm, in[3], in[4]); },
      [](const auto& in, const RowNorm& norm) { return plain::norm_slope(in[0], norm, in[3], in[4]); });
  require_same([](const auto& in, const RowNorm& norm) { return norm_slope(in[0], norm, in[3]); },
               [](const auto& in, const RowNorm& norm) { return plain::norm_slope(in[0], norm, in[3]); });
}

TEST_CASE("the memory filter gives libtorch's values and gradients") {
  const double outside = GENERATE(0.0, 1.0);
  const int before = GENERATE(0, 2, 4);
  require_same(
      [&](const auto& in, const RowNorm&) { return memory_filter(in[0], in[5], steps, outside, before); },
      [&](const auto& in, const RowNorm&) {
        return plain::memory_filter(in[0], in[5], steps, outside, before);
      });
}

TEST_CASE("the memory filter does not look into the next clip") {
  const Tensor x = torch::zeros({1, 2 * steps});
  x[0][steps] = 1;  // first step of the second clip
  const Tensor y = memory_filter(x, torch::ones({1, 5}), steps, 0);
  REQUIRE(y.slice(1, 0, steps).abs().sum().item<double>() == 0);
  REQUIRE(y.slice(1, steps).sum().item<double>() == 3);
}

TEST_CASE("a causal memory filter sees four steps back and the present one") {
  const Tensor x = torch::zeros({1, steps});
  x[0][2] = 1;
  const Tensor taps = torch::tensor({{1.0F, 2.0F, 3.0F, 4.0F, 5.0F}});
  const Tensor y = memory_filter(x, taps, steps, 0, 4);
  REQUIRE(torch::equal(y[0], torch::tensor({0.0F, 0.0F, 5.0F, 4.0F, 3.0F, 2.0F, 1.0F, 0.0F})));
}
