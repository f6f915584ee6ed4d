#include "models/trainer/net/linear_attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kwsd::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr double floor_of_features = 1e-4;

double head_scale(const Tensor& x) {
  return std::pow(static_cast<double>(x.size(-1)), -0.25);
}

/// x [N][size] -> [N][features]; the scale of `over`: 1 for each row, {0, 1} for all.
Tensor head_features(const Tensor& x, const Tensor& directions, at::IntArrayRef over) {
  const Tensor scaled = x * head_scale(x);
  Tensor f = torch::mm(scaled, directions.t());
  const Tensor largest = f.amax(over, true);
  return f.sub_(scaled.pow(2).sum(1, true).div_(2).add_(largest)).exp_().add_(floor_of_features);
}

/// The gradient of x from that of its features f, which it overwrites.
Tensor head_features_back(const Tensor& x, const Tensor& directions, const Tensor& f, Tensor gradient) {
  const Tensor exponent = gradient.mul_(f - floor_of_features);
  const double scale = head_scale(x);
  return torch::mm(exponent, directions).sub_(x * exponent.sum(1, true).mul_(scale)).mul_(scale);
}

/// One head of one clip: q [N][size]; k, v [M][size].
struct HeadAttention {
  HeadAttention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& directions)
      : of_q(head_features(q, directions, 1)),
        of_k(head_features(k, directions, {0, 1})),
        v_and_one(torch::cat({v, torch::ones({v.size(0), 1}, v.options())}, 1)),
        sums(torch::mm(of_k.t(), v_and_one)),
        mixed(torch::mm(of_q, sums)),
        out(mixed.slice(1, 0, v.size(1)) / mixed.slice(1, v.size(1))) {}

  Tensor of_q, of_k;  // [N][features], [M][features]
  Tensor v_and_one;   // [M][size + 1]
  Tensor sums;        // [features][size + 1]
  Tensor mixed;       // [N][size + 1]; its last column divides
  Tensor out;         // [N][size]
};

struct HeadsAttention : torch::autograd::Function<HeadsAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& k, const Tensor& v,
                        const Tensor& directions) {
    context->save_for_backward({q, k, v, directions});
    Tensor out = torch::empty_like(q);
    for (std::int64_t i = 0; i < q.size(0); ++i) {
      out[i].copy_(HeadAttention(q[i], k[i], v[i], directions).out);
    }
    return out;
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &directions = saved[3];
    const std::int64_t size = v.size(2);
    Tensor of_q = torch::empty_like(q), of_k = torch::empty_like(k), of_v = torch::empty_like(v);
    for (std::int64_t i = 0; i < q.size(0); ++i) {
      const HeadAttention head(q[i], k[i], v[i], directions);
      const Tensor by_weight = gradients[0][i] / head.mixed.slice(1, size);
      const Tensor of_mixed = torch::cat({by_weight, by_weight.mul(head.out).sum(1, true).neg_()}, 1);
      const Tensor of_sums = torch::mm(head.of_q.t(), of_mixed);
      of_v[i].copy_(torch::mm(head.of_k, of_sums.slice(1, 0, size)));
      of_q[i].copy_(head_features_back(q[i], directions, head.of_q, torch::mm(of_mixed, head.sums.t())));
      of_k[i].copy_(head_features_back(k[i], directions, head.of_k, torch::mm(head.v_and_one, of_sums.t())));
    }
    return {of_q, of_k, of_v, Tensor()};
  }
};

}  // namespace

Tensor orthogonal_directions(std::int64_t features, std::int64_t size) {
  std::vector<Tensor> parts;
  for (std::int64_t left = features; left > 0; left -= size) {
    const Tensor q = std::get<0>(torch::linalg_qr(torch::randn({size, size})));
    parts.push_back(q.t().slice(0, 0, std::min(left, size)));
  }
  return torch::cat(parts) * torch::randn({features, size}).norm(2, 1, true);
}

Tensor linear_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& directions) {
  const auto by_head = [](const Tensor& x) { return x.reshape({-1, x.size(2), x.size(3)}); };
  return HeadsAttention::apply(by_head(q), by_head(k), by_head(v), directions).view(q.sizes());
}

}  // namespace kwsd::train
