#include "models/trainer/net/linear_attention.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace kwsd::train;
using torch::Tensor;

namespace {

/// The formula as it is written, for autograd to differentiate.
Tensor written_out(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& directions) {
  const auto f = [&](const Tensor& x, at::IntArrayRef over) {
    const Tensor scaled = x / std::pow(x.size(3), 0.25);
    const Tensor along = torch::matmul(scaled, directions.t());
    return (along - scaled.pow(2).sum(-1, true) / 2 - along.amax(over, true).detach()).exp() + 1e-4;
  };
  const Tensor of_q = f(q, -1), of_k = f(k, {-1, -2});
  return torch::matmul(of_q, torch::matmul(of_k.transpose(2, 3), v)) /
         torch::matmul(of_q, of_k.sum(2).unsqueeze(3));
}

}  // namespace

TEST_CASE("linear attention and its gradients are those of the formula") {
  torch::manual_seed(11);
  const auto random = [](std::int64_t steps) {
    return torch::randn({3, 2, steps, 8}, torch::kFloat64).requires_grad_();
  };
  const Tensor q = random(7), k = random(4), v = random(4),
               wanted = torch::randn({3, 2, 7, 8}, torch::kFloat64);
  const Tensor directions = orthogonal_directions(20, 8).to(torch::kFloat64);
  const auto results = [&](const Tensor& out) {
    auto all = torch::autograd::grad({(out * wanted).sum()}, {q, k, v});
    all.push_back(out.detach());
    return all;
  };
  const auto ours = results(linear_attention(q, k, v, directions)),
             theirs = results(written_out(q, k, v, directions));
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    REQUIRE(ours[i].sizes() == theirs[i].sizes());
    REQUIRE(theirs[i].abs().max().item<double>() > 1e-3);
    REQUIRE((ours[i] - theirs[i]).abs().max().item<double>() < 1e-10);
  }
}

TEST_CASE("random directions are orthogonal within each square") {
  torch::manual_seed(12);
  const Tensor w = orthogonal_directions(20, 8);
  REQUIRE(w.sizes() == torch::IntArrayRef({20, 8}));
  const Tensor first = w.slice(0, 0, 8), products = torch::mm(first, first.t());
  REQUIRE((products - torch::diag(products.diag())).abs().max().item<double>() < 1e-4);
}
