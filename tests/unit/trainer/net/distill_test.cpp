// HED against the Haar transform and against plain loops.
#include "models/trainer/net/distill.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/unit/trainer/net/tensor_values.h"

using namespace kwsd::train;
using torch::Tensor;

namespace {

/// One-level 2-D Haar transform, LL set to zero, transformed back.
Tensor haar_without_low(const Tensor& f) {
  Tensor out = torch::zeros_like(f);
  const auto in = f.accessor<float, 3>();
  auto o = out.accessor<float, 3>();
  for (int b = 0; b < f.size(0); ++b) {
    for (int r = 0; r < f.size(1); r += 2) {
      for (int c = 0; c < f.size(2); c += 2) {
        const float p = in[b][r][c], q = in[b][r][c + 1], s = in[b][r + 1][c], t = in[b][r + 1][c + 1];
        const float horizontal = (p - q + s - t) / 2, vertical = (p + q - s - t) / 2,
                    diagonal = (p - q - s + t) / 2;
        o[b][r][c] = (horizontal + vertical + diagonal) / 2;
        o[b][r][c + 1] = (-horizontal + vertical - diagonal) / 2;
        o[b][r + 1][c] = (horizontal - vertical - diagonal) / 2;
        o[b][r + 1][c + 1] = (-horizontal - vertical + diagonal) / 2;
      }
    }
  }
  return out;
}

std::vector<double> unit_square(std::vector<double> x) {
  double norm = 0;
  for (double& v : x) {
    v *= v;
    norm += v * v;
  }
  for (double& v : x) v /= std::sqrt(norm);
  return x;
}

double deviation(const std::vector<double>& x) {
  double mean = 0;
  double square = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) square += (v - mean) * (v - mean);
  return std::sqrt(square / static_cast<double>(x.size() - 1));
}

double hed_of_clip(const Tensor& student, const Tensor& teacher) {
  const auto f = values(teacher);
  const auto high = values(haar_without_low(teacher.unsqueeze(0)));
  std::vector<double> enhanced(f.size());
  for (std::size_t i = 0; i < f.size(); ++i) {
    enhanced[i] = high[i] / deviation(high) + f[i] / deviation(f);
  }
  const auto s = unit_square(values(student));
  const auto e = unit_square(enhanced);
  double sum = 0;
  for (std::size_t i = 0; i < s.size(); ++i) sum += (s[i] - e[i]) * (s[i] - e[i]);
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("the high part is the Haar transform without LL") {
  torch::manual_seed(7);
  const Tensor f = torch::randn({3, 6, 8});
  REQUIRE((haar_high(f) - haar_without_low(f)).abs().max().item<double>() < 1e-6);
  REQUIRE(haar_high(torch::ones({1, 5, 7})).abs().max().item<double>() < 1e-6);  // odd sizes: no edge
}

TEST_CASE("HED follows the formula, block by block of the branch") {
  torch::manual_seed(8);
  std::vector<Tensor> teacher;
  for (int i = 0; i < 4; ++i) teacher.push_back(torch::randn({2, 4, 6}));
  const std::vector<Tensor> student{torch::randn({2, 4, 6}), torch::randn({2, 4, 6})};
  double expected = 0;
  const std::vector<int> blocks{1, 3};
  for (std::size_t k = 0; k < 2; ++k) {
    for (int clip = 0; clip < 2; ++clip) {
      expected += hed_of_clip(student[k][clip], teacher[static_cast<std::size_t>(blocks[k])][clip]) / 2;
    }
  }
  REQUIRE(hed_loss(student, hed_targets(teacher), blocks).item<double>() == Approx(expected).margin(1e-4));
}

TEST_CASE("logit distillation is a cross-entropy of softened posteriors") {
  const Tensor student = torch::tensor({{1.0F, 0.0F}}), teacher = torch::tensor({{0.0F, 2.0F}});
  const double p = 1 / (1 + std::exp(1.0)), q = std::exp(0.5) / (1 + std::exp(0.5));  // temperature 2
  const double expected = -4 * (p * std::log(q) + (1 - p) * std::log(1 - q));
  REQUIRE(logit_loss(student, teacher, 2).mean().item<double>() == Approx(expected).margin(1e-4));
}

TEST_CASE("plain feature distillation compares the squares as they are") {
  torch::manual_seed(9);
  const Tensor teacher = torch::randn({2, 4, 6});
  const Tensor student = torch::randn({2, 4, 6});
  double expected = 0;
  for (int clip = 0; clip < 2; ++clip) {
    const auto s = unit_square(values(student[clip]));
    const auto t = unit_square(values(teacher[clip]));
    double sum = 0;
    for (std::size_t i = 0; i < s.size(); ++i) sum += (s[i] - t[i]) * (s[i] - t[i]);
    expected += std::sqrt(sum) / 2;
  }
  REQUIRE(hed_loss({student}, plain_targets({teacher}), {0}).item<double>() == Approx(expected).margin(1e-4));
}
