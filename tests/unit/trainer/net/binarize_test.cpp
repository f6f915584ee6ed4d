// Every binarizer against its formula, gradients included, computed with plain loops.
#include "models/trainer/net/binarize.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "models/trainer/net/network.h"
#include "models/trainer/net/row_ops.h"
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
const std::vector<double> weights{0.5, -0.25, 0.75, 0.1, -1.5, 0.2, 0.4, -0.35};
const std::vector<double> weight_upstream{1, 2, -1, 0.5, 3, -2, 1, 1};

Tensor weight_tensor() {
  return torch::tensor(weights, torch::kFloat32).view({2, 4, 1});
}

struct Filter {
  std::size_t number = 0;
  std::vector<double> w, centred;
  double mean = 0, size = 0, scale = 0, deviation = 0;  // size: mean |w|; scale: of the centred filter
};

Filter filter(std::size_t o) {
  Filter f;
  f.number = o;
  f.w.assign(weights.begin() + static_cast<std::ptrdiff_t>(4 * o),
             weights.begin() + static_cast<std::ptrdiff_t>(4 * o + 4));
  for (const double w : f.w) {
    f.mean += w / 4;
    f.size += std::abs(w) / 4;
  }
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
  SECTION("Bi-Real and the shipped models: g max(0, 2 - 2|x|)") {
    for (std::size_t i = 0; i < activations.size(); ++i) {
      expected.push_back(upstream[i] * std::max(0.0, 2 - 2 * std::abs(activations[i])));
    }
    require_near(activation_gradient(Binarizer::bi_real, 0.5), expected);
    require_near(activation_gradient(Binarizer::centred, 0.5), expected);
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

namespace {

using Shape = std::vector<std::int64_t>;

/// Two filters of four weights as memory filters, pointwise convs and the linear layer, and convs have them.
const std::vector<Shape> weight_shapes{{2, 4}, {2, 4, 1}, {2, 1, 2, 2}};

/// `formula(filter, i)` of every weight.
template <class Formula>
std::vector<double> of_each(Formula&& formula) {
  std::vector<double> out;
  for (std::size_t o = 0; o < 2; ++o) {
    const Filter f = filter(o);
    for (std::size_t i = 0; i < 4; ++i) out.push_back(formula(f, i));
  }
  return out;
}

/// Gradient of sum(weight_upstream · binarized weights).
std::vector<double> weight_gradient(Binarizer binarizer, const Shape& shape, double progress) {
  Tensor w = weight_tensor().view(shape).clone().requires_grad_();
  const Tensor up = torch::tensor(weight_upstream, torch::kFloat32).view(shape);
  (binarize_weight(w, binarizer, progress) * up).sum().backward();
  return values(w.grad());
}

double mean_of(const std::vector<double>& all) {
  double sum = 0;
  for (const double v : all) sum += v;
  return sum / static_cast<double>(all.size());
}

}  // namespace

TEST_CASE("binary weights: one scale per filter, over the whole filter") {
  const Shape shape = GENERATE(from_range(weight_shapes));
  const auto check = [&](Binarizer binarizer, auto&& formula) {
    CAPTURE(binarizer_names()[static_cast<std::size_t>(binarizer)]);
    require_near(values(binarize_weight(weight_tensor().view(shape), binarizer, 0.5)), of_each(formula));
  };
  const auto centred_scaled = [](const Filter& f, std::size_t i) { return f.scale * sign_of(f.centred[i]); };
  check(Binarizer::straight_through, centred_scaled);
  check(Binarizer::centred, centred_scaled);
  check(Binarizer::bi_real, [](const Filter& f, std::size_t i) { return f.size * sign_of(f.w[i]); });
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

TEST_CASE("weight gradients") {
  const Shape shape = GENERATE(from_range(weight_shapes));
  const auto up = [](const Filter& f, std::size_t i) { return weight_upstream[4 * f.number + i]; };
  SECTION("BNN, RAD: g, also where |w| > 1") {
    require_near(weight_gradient(Binarizer::bnn, shape, 0.5), weight_upstream);
    require_near(weight_gradient(Binarizer::rad, shape, 0.5), weight_upstream);
  }
  SECTION("DoReFa: g") {
    require_near(weight_gradient(Binarizer::dorefa, shape, 0.5), weight_upstream);
  }
  SECTION("Bi-Real: mean|w| g where |w| <= 1") {
    require_near(weight_gradient(Binarizer::bi_real, shape, 0.5),
                 of_each([&](const Filter& f, std::size_t i) {
                   return std::abs(f.w[i]) <= 1 ? f.size * up(f, i) : 0;
                 }));
  }
  // Through the scale: the mean of g sign(w), times sign(w).
  const auto along = [&](const Filter& f, const std::vector<double>& latent) {
    double sum = 0;
    for (std::size_t j = 0; j < 4; ++j) sum += up(f, j) * sign_of(latent[j]) / 4;
    return sum;
  };
  SECTION("XNOR: mean|w| g + sign(w) mean(g sign(w)), of the centred and clipped w") {
    require_near(weight_gradient(Binarizer::xnor, shape, 0.5), of_each([&](const Filter& f, std::size_t i) {
                   std::vector<double> latent;
                   double s = 0;
                   for (const double c : f.centred) latent.push_back(std::clamp(c, -1.0, 1.0));
                   for (const double c : latent) s += std::abs(c) / 4;
                   return s * up(f, i) + sign_of(latent[i]) * along(f, latent);
                 }));
  }
  SECTION(
      "straight-through: the same of the centred w where |w| <= 1, less its mean; centred: where |w| <= 3 "
      "s") {
    for (const auto binarizer : {Binarizer::straight_through, Binarizer::centred}) {
      require_near(weight_gradient(binarizer, shape, 0.5), of_each([&](const Filter& f, std::size_t i) {
                     const bool own = binarizer == Binarizer::centred;
                     std::vector<double> of_centred;
                     for (std::size_t j = 0; j < 4; ++j) {
                       const bool inside = std::abs(f.centred[j]) <= (own ? 3 * f.scale : 1);
                       of_centred.push_back((inside ? (own ? 1.0 / 3 : f.scale) * up(f, j) : 0) +
                                            sign_of(f.centred[j]) * along(f, f.centred));
                     }
                     return of_centred[i] - mean_of(of_centred);
                   }));
    }
  }
  SECTION("IR-Net: 2^s k t (1 - tanh²(t z)) g, through z = (w - mean) / std") {
    for (const double progress : {0.0, 0.4, 1.0}) {
      const double t = std::pow(10.0, -1 + 2 * progress);
      const double k = std::max(1 / t, 1.0);
      require_near(weight_gradient(Binarizer::ir_net, shape, progress),
                   of_each([&](const Filter& f, std::size_t i) {
                     const double scale = std::exp2(std::round(std::log2(f.scale / f.deviation)));
                     std::vector<double> z, of_z, of_z_z;
                     for (std::size_t j = 0; j < 4; ++j) {
                       z.push_back(f.centred[j] / f.deviation);
                       of_z.push_back(up(f, j) * scale * k * t * (1 - std::pow(std::tanh(t * z[j]), 2)));
                       of_z_z.push_back(of_z[j] * z[j]);
                     }
                     return (of_z[i] - mean_of(of_z) - z[i] * mean_of(of_z_z)) / f.deviation;
                   }));
    }
  }
}

TEST_CASE("latent weights: BNN and RAD clip them, XNOR centres and clips, the others leave them") {
  const Shape shape = GENERATE(from_range(weight_shapes));
  const auto constrained = [&](Binarizer binarizer) {
    Tensor w = weight_tensor().view(shape).clone();
    constrain_weight(w, binarizer);
    return values(w);
  };
  const auto clipped = of_each([](const Filter& f, std::size_t i) { return std::clamp(f.w[i], -1.0, 1.0); });
  require_near(constrained(Binarizer::bnn), clipped);
  require_near(constrained(Binarizer::rad), clipped);
  require_near(constrained(Binarizer::xnor),
               of_each([](const Filter& f, std::size_t i) { return std::clamp(f.centred[i], -1.0, 1.0); }));
  for (const auto b : {Binarizer::straight_through, Binarizer::bi_real, Binarizer::dorefa, Binarizer::ir_net,
                       Binarizer::centred}) {
    require_near(constrained(b), weights);
  }
}

TEST_CASE("a latent weight of BNN that was pushed beyond 1 comes back") {
  Tensor w = torch::full({1, 1}, 1.03F).requires_grad_();
  torch::optim::SGD optimizer({w}, torch::optim::SGDOptions(0.1));
  for (int step = 0; step < 25; ++step) {
    optimizer.zero_grad();
    binarize_weight(w, Binarizer::bnn, 0).sum().backward();  // wants it smaller
    optimizer.step();
    constrain_weight(w, Binarizer::bnn);
  }
  REQUIRE(w.item<double>() == Approx(-1));
}

TEST_CASE("activations as the network has them, [C][B · T] after batch norm: sign and its gradient") {
  // Statistics as given, so that BN(x) = gain x + bias.
  const std::int64_t channels = 2;
  const auto columns = static_cast<std::int64_t>(activations.size());
  const std::vector<double> gain{1.0, 0.5}, bias{0.0, 0.25};
  Tensor variance = torch::full({channels}, 1 - norm_epsilon, torch::kFloat32);
  const RowNorm norm{torch::tensor(gain, torch::kFloat32), torch::tensor(bias, torch::kFloat32),
                     torch::zeros(channels), variance, false};
  const Tensor both = torch::tensor(activations, torch::kFloat32).expand({channels, columns}).contiguous();
  const Tensor up = torch::tensor(upstream, torch::kFloat32).expand({channels, columns});
  for (const bool polynomial : {false, true}) {
    Tensor x = both.clone().requires_grad_();
    const Tensor y = norm_sign(x, norm, polynomial);
    (y * up).sum().backward();
    std::vector<double> value, gradient;
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t i = 0; i < activations.size(); ++i) {
        const double n = gain[c] * activations[i] + bias[c];
        value.push_back(sign_of(n));
        const double window = polynomial ? std::max(0.0, 2 - 2 * std::abs(n)) : std::abs(n) <= 1 ? 1 : 0;
        gradient.push_back(gain[c] * upstream[i] * window);
      }
    }
    require_near(values(y), value);
    require_near(values(x.grad()), gradient);
  }
}

namespace {

/// RAD's loss of one channel.
double rad_of(const std::vector<double>& channel) {
  const double mean = mean_of(channel);
  double square = 0;
  for (const double v : channel) square += (v - mean) * (v - mean) / static_cast<double>(channel.size());
  const double deviation = std::sqrt(square);
  return std::pow(std::max(0.0, 2 - std::abs(mean) - deviation), 2) +
         std::pow(std::max(0.0, deviation - 4), 2) + std::max(0.0, mean * mean - square);
}

}  // namespace

TEST_CASE("RAD's loss, channel by channel, wherever the channels are") {
  const std::vector<std::vector<double>> channels{
      {0.5, -0.5, 9.0, -9.0}, {-9.0, 3.0, 3.2, 1.0}, {0.1, 0.2, 0.3, 0.4}};
  double expected = 0;
  Tensor rows = torch::empty({3, 4});
  for (std::size_t c = 0; c < 3; ++c) {
    expected += rad_of(channels[c]) / 3;
    rows[static_cast<std::int64_t>(c)] = torch::tensor(channels[c], torch::kFloat32);
  }
  REQUIRE(rad_loss(rows, 0).item<double>() == Approx(expected).margin(1e-4));   // [C][B T]
  REQUIRE(rad_loss(rows.t()).item<double>() == Approx(expected).margin(1e-4));  // [B][C]
  const Tensor maps = rows.view({3, 2, 2, 1}).transpose(0, 1);                  // [B][C][H][W]
  REQUIRE(rad_loss(maps).item<double>() == Approx(expected).margin(1e-4));
}

TEST_CASE("RAD's gradient is that of its formula") {
  const std::vector<double> channel{0.4, -0.2, 1.1, 0.6};
  Tensor x = torch::tensor(channel, torch::kFloat32).view({1, 4}).requires_grad_();
  rad_loss(x, 0).backward();
  const double step = 1e-4;
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<double> more = channel, less = channel;
    more[i] += step;
    less[i] -= step;
    REQUIRE(x.grad()[0][static_cast<std::int64_t>(i)].item<double>() ==
            Approx((rad_of(more) - rad_of(less)) / (2 * step)).margin(1e-3));
  }
}

TEST_CASE("RAD in the network: channels that are constant at +-5 cost 25 wherever they are signed") {
  NetOptions options;
  options.memory_size = 8;
  options.hidden_size = 8;
  options.blocks = 1;
  options.memory = Kind::int8;
  options.pointwise = Kind::bit1;
  options.binarizer = Binarizer::rad;
  options.thin = false;
  Net net(options);
  torch::NoGradGuard no_grad;
  for (Norm norm : {net->norms[0][0]->sign, net->norms[0][0]->hidden}) {
    norm->gain.zero_();  // 1e-3 is what is left
    for (std::int64_t c = 0; c < 8; ++c) norm->bias[c] = c % 2 == 0 ? 5 : -5;
  }
  net->train();
  net->forward(torch::randn({4, options.frames(), 32}) * 32, 1);
  REQUIRE(net->rad_terms == 2);
  REQUIRE(net->rad.item<double>() == Approx(50).margin(0.01));
}

TEST_CASE("the network constrains the latent weights of its 1-bit layers, and no others") {
  NetOptions options;
  options.memory_size = 8;
  options.hidden_size = 8;
  options.memory = Kind::int8;
  options.conv2 = options.linear = options.pointwise = Kind::bit1;
  options.binarizer = Binarizer::bnn;
  Net net(options);
  torch::NoGradGuard no_grad;
  for (Tensor& p : net->parameters()) p.mul_(50);
  net->constrain();
  const auto largest = [](const Tensor& t) { return t.abs().max().item<double>(); };
  REQUIRE(largest(net->convs[1]) == 1);
  REQUIRE(largest(net->linear) == 1);
  REQUIRE(largest(net->blocks[3]->expand) == 1);
  REQUIRE(largest(net->blocks[3]->project) == 1);
  REQUIRE(largest(net->convs[0]) > 1);
  REQUIRE(largest(net->blocks[3]->memory) > 1);
  REQUIRE(largest(net->classifier->weight) > 1);
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
