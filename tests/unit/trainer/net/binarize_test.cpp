// Every binarizer against its formula, gradients included, computed with plain loops.
#include "models/trainer/net/binarize.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/unit/trainer/net/tensor_values.h"

using namespace kwsd::train;
using torch::Tensor;

namespace {

constexpr double tolerance = 1e-5;  // float32

void require_near(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    REQUIRE(found[i] == Approx(expected[i]).margin(tolerance));
  }
}

double sign_of(double x) {
  return x >= 0 ? 1 : -1;
}

const std::vector<double> activations{-2.0, -1.0, -0.6, -0.0, 0.0, 0.3, 0.9, 1.0, 1.5};
const std::vector<double> upstream{1.0, -2.0, 3.0, 0.5, 1.0, -1.0, 2.0, 4.0, 1.0};

/// Gradient of sum(upstream · binarized).
std::vector<double> activation_gradient(Binarizer binarizer, double progress) {
  Tensor x = torch::tensor(activations, torch::kFloat32).requires_grad_();
  (binarize_activation(x, binarizer, progress) * torch::tensor(upstream, torch::kFloat32)).sum().backward();
  return values(x.grad());
}

// Two filters of four weights.
const std::vector<double> weights{0.5, -0.25, 0.75, 0.1, -1.5, 0.2, 0.4, -0.3};
const std::vector<double> weight_upstream{1, 2, -1, 0.5, 3, -2, 1, 1};

Tensor weight_tensor() {
  return torch::tensor(weights, torch::kFloat32).view({2, 4, 1});
}

struct Filter {
  std::vector<double> w, centred;
  double mean = 0, scale = 0, deviation = 0;  // scale: mean |w| of the centred filter
};

Filter filter(std::size_t o) {
  Filter f;
  f.w.assign(weights.begin() + static_cast<std::ptrdiff_t>(4 * o),
             weights.begin() + static_cast<std::ptrdiff_t>(4 * o + 4));
  for (const double w : f.w) f.mean += w / 4;
  for (const double w : f.w) {
    f.centred.push_back(w - f.mean);
    f.scale += std::abs(w - f.mean) / 4;
    f.deviation += (w - f.mean) * (w - f.mean) / 4;
  }
  f.deviation = std::sqrt(f.deviation);
  return f;
}

}  // namespace

TEST_CASE("sign is +1 at both zeros and -1 for NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t b = 0; b < binarizer_names().size(); ++b) {
    const Tensor y =
        binarize_activation(torch::tensor({-0.0F, 0.0F, nan, 2.0F, -1e-30F}), static_cast<Binarizer>(b), 0.5);
    require_near(values(y), {1, 1, -1, 1, -1});
  }
}

TEST_CASE("activation gradients") {
  std::vector<double> expected;
  SECTION("straight-through, BNN, XNOR, DoReFa, RAD: g where |x| <= 1") {
    for (std::size_t i = 0; i < activations.size(); ++i) {
      expected.push_back(std::abs(activations[i]) <= 1 ? upstream[i] : 0);
    }
    for (const auto b :
         {Binarizer::straight_through, Binarizer::bnn, Binarizer::xnor, Binarizer::dorefa, Binarizer::rad}) {
      require_near(activation_gradient(b, 0.5), expected);
    }
  }
  SECTION("Bi-Real: g max(0, 2 - 2|x|)") {
    for (std::size_t i = 0; i < activations.size(); ++i) {
      expected.push_back(upstream[i] * std::max(0.0, 2 - 2 * std::abs(activations[i])));
    }
    require_near(activation_gradient(Binarizer::bi_real, 0.5), expected);
  }
  SECTION("IR-Net: g k t (1 - tanh²(t x)), t = 0.1 .. 10, k = max(1/t, 1)") {
    for (const double progress : {0.0, 0.3, 1.0}) {
      const double t = std::pow(10.0, -1 + 2 * progress);
      expected.clear();
      for (std::size_t i = 0; i < activations.size(); ++i) {
        expected.push_back(upstream[i] * std::max(1 / t, 1.0) * t *
                           (1 - std::pow(std::tanh(t * activations[i]), 2)));
      }
      require_near(activation_gradient(Binarizer::ir_net, progress), expected);
    }
  }
}

TEST_CASE("binary weights: one scale per filter, over the whole filter") {
  const auto check = [](Binarizer binarizer, auto&& formula) {
    std::vector<double> expected;
    for (std::size_t o = 0; o < 2; ++o) {
      const Filter f = filter(o);
      for (std::size_t i = 0; i < 4; ++i) expected.push_back(formula(f, i));
    }
    require_near(values(binarize_weight(weight_tensor(), binarizer, 0.5)), expected);
  };
  const auto centred_scaled = [](const Filter& f, std::size_t i) { return f.scale * sign_of(f.centred[i]); };
  check(Binarizer::straight_through, centred_scaled);
  check(Binarizer::bi_real, centred_scaled);
  const auto plain = [](const Filter& f, std::size_t i) { return sign_of(f.w[i]); };
  check(Binarizer::bnn, plain);
  check(Binarizer::rad, plain);
  check(Binarizer::xnor, [](const Filter& f, std::size_t i) {
    double s = 0;
    for (const double c : f.centred) s += std::abs(std::clamp(c, -1.0, 1.0)) / 4;
    return s * sign_of(f.centred[i]);
  });
  double layer = 0;
  for (const double w : weights) layer += std::abs(w) / 8;
  check(Binarizer::dorefa, [&](const Filter& f, std::size_t i) { return layer * sign_of(f.w[i]); });
  check(Binarizer::ir_net, [](const Filter& f, std::size_t i) {
    return std::exp2(std::round(std::log2(f.scale / f.deviation))) * sign_of(f.centred[i]);
  });
}

TEST_CASE("binary weights: what is packed is what was trained") {
  for (std::size_t b = 0; b < binarizer_names().size(); ++b) {
    CAPTURE(binarizer_names()[b]);
    const auto binarizer = static_cast<Binarizer>(b);
    const BinaryWeight split = split_weight(weight_tensor(), binarizer);
    const Tensor again = (split.plus.to(torch::kFloat32) * 2 - 1) * split.scale.view({-1, 1, 1});
    require_near(values(again), values(binarize_weight(weight_tensor(), binarizer, 0.5)));
  }
}

TEST_CASE("weight gradients without a scale in the way") {
  const auto gradient = [](Binarizer binarizer) {
    Tensor w = weight_tensor().requires_grad_();
    const Tensor up = torch::tensor(weight_upstream, torch::kFloat32).view({2, 4, 1});
    (binarize_weight(w, binarizer, 0.5) * up).sum().backward();
    return values(w.grad());
  };
  SECTION("BNN: g where |w| <= 1") {
    std::vector<double> expected;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      expected.push_back(std::abs(weights[i]) <= 1 ? weight_upstream[i] : 0);
    }
    require_near(gradient(Binarizer::bnn), expected);
  }
  SECTION("DoReFa: E|w| g, and the derivative of E|w|") {
    double layer = 0;
    double along = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      layer += std::abs(weights[i]) / 8;
      along += weight_upstream[i] * sign_of(weights[i]) / 8;
    }
    std::vector<double> expected;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      expected.push_back(layer * weight_upstream[i] + along * sign_of(weights[i]));
    }
    require_near(gradient(Binarizer::dorefa), expected);
  }
}

TEST_CASE("RAD's loss, channel by channel") {
  const Tensor x =
      torch::tensor({0.5, -0.5, 9.0, -9.0, 3.0, 3.2}, torch::kFloat32).view({2, 3}).t().contiguous();
  // x [B = 3][channels = 2]: column 0 = 0.5, -0.5, 9.0; column 1 = -9.0, 3.0, 3.2
  double expected = 0;
  for (const auto& column : {std::vector<double>{0.5, -0.5, 9.0}, std::vector<double>{-9.0, 3.0, 3.2}}) {
    double mean = 0;
    double square = 0;
    for (const double v : column) mean += v / 3;
    for (const double v : column) square += (v - mean) * (v - mean) / 3;
    const double deviation = std::sqrt(square);
    expected += (std::pow(std::max(0.0, 2 - std::abs(mean) - deviation), 2) +
                 std::pow(std::max(0.0, deviation - 4), 2) + std::max(0.0, mean * mean - square)) /
                2;
  }
  REQUIRE(rad_loss(x).item<double>() == Approx(expected).margin(1e-4));
}

TEST_CASE("few-bit levels and int8 steps, halves up, straight-through inside") {
  Tensor x = torch::tensor({-2.0, -1.0, -0.34, -0.32, 0.0, 0.5, 1.0, 3.0}, torch::kFloat32).requires_grad_();
  const Tensor y = quantize_levels(x, 2);
  require_near(values(y), {-1, -1, -1.0 / 3, -1.0 / 3, 1.0 / 3, 1.0 / 3, 1, 1});
  y.sum().backward();
  require_near(values(x.grad()), {0, 1, 1, 1, 1, 1, 1, 0});
  require_near(values(quantize_int8(torch::tensor({-5.0F, -1.5F / 32, 0.5F / 32, 0.4F / 32, 9.0F}), 32)),
               {-127.0 / 32, -1.0 / 32, 1.0 / 32, 0, 127.0 / 32});
  const Tensor w = quantize_weight_int8(torch::tensor({1.27F, 0.014F, -0.5F}).view({1, 3}));
  require_near(values(w), {1.27, 0.01, -0.5});
}
