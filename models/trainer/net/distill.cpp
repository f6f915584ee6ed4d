#include "models/trainer/net/distill.h"

namespace kwsd::train {

using torch::Tensor;
namespace fn = torch::nn::functional;

Tensor haar_high(const Tensor& feature) {
  const auto channels = feature.size(1);
  const auto steps = feature.size(2);
  const Tensor even = fn::pad(feature.unsqueeze(1),
                              fn::PadFuncOptions({0, steps % 2, 0, channels % 2}).mode(torch::kReplicate));
  const Tensor low = torch::avg_pool2d(even, 2);
  const Tensor spread = low.repeat_interleave(2, 2).repeat_interleave(2, 3);
  return feature - spread.squeeze(1).slice(1, 0, channels).slice(2, 0, steps);
}

namespace {

/// x² / ||x²|| per clip: [B][C·T].
Tensor unit_square(const Tensor& x) {
  const Tensor square = x.flatten(1).pow(2);
  return square / (square.norm(2, 1, true) + 1e-8);
}

Tensor over_deviation(const Tensor& x) {
  return x / (x.flatten(1).std(1).view({-1, 1, 1}) + 1e-8);
}

}  // namespace

std::vector<Tensor> hed_targets(const std::vector<Tensor>& teacher) {
  std::vector<Tensor> targets;
  for (const Tensor& f : teacher) {
    targets.push_back(unit_square(over_deviation(haar_high(f)) + over_deviation(f)));
  }
  return targets;
}

std::vector<Tensor> plain_targets(const std::vector<Tensor>& teacher) {
  std::vector<Tensor> targets;
  for (const Tensor& f : teacher) {
    targets.push_back(unit_square(f));
  }
  return targets;
}

Tensor hed_loss(const std::vector<Tensor>& student, const std::vector<Tensor>& targets,
                const std::vector<int>& blocks) {
  Tensor sum = torch::zeros({}, student.front().options());
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    sum = sum + (unit_square(student[k]) - targets[static_cast<std::size_t>(blocks[k])]).norm(2, 1).mean();
  }
  return sum;
}

Tensor logit_loss(const Tensor& student, const Tensor& teacher, double temperature) {
  const Tensor wanted = torch::softmax(teacher / temperature, 1);
  return -(wanted * torch::log_softmax(student / temperature, 1)).sum(1) * temperature * temperature;
}

}  // namespace kwsd::train
