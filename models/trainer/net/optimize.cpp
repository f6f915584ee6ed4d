#include "models/trainer/net/optimize.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "app/base/atomic_file.h"
#include "engine/model/error.h"

namespace kwsd::train {

using torch::Tensor;

torch::Device best_device() {
  return torch::cuda::is_available() ? torch::kCUDA : torch::kCPU;
}

void update_average(NetImpl& average, NetImpl& net, std::int64_t step, double decay) {
  torch::NoGradGuard no_grad;
  const double keep = std::min(decay, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  const auto blend = [&](const std::vector<Tensor>& mine, const std::vector<Tensor>& theirs) {
    torch::_foreach_mul_(mine, keep);
    torch::_foreach_add_(mine, theirs, 1.0 - keep);
  };
  blend(average.parameters(), net.parameters());
  blend(average.buffers(), net.buffers());
}

std::unique_ptr<torch::optim::AdamW> make_optimizer(NetImpl& net, double learning_rate, double weight_decay) {
  std::vector<Tensor> weights;
  std::vector<Tensor> rest;
  for (const Tensor& p : net.parameters()) {
    (p.dim() > 1 ? weights : rest).push_back(p);
  }
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(weights, std::make_unique<torch::optim::AdamWOptions>(
                                   torch::optim::AdamWOptions(learning_rate).weight_decay(weight_decay)));
  groups.emplace_back(rest, std::make_unique<torch::optim::AdamWOptions>(
                                torch::optim::AdamWOptions(learning_rate).weight_decay(0)));
  return std::make_unique<torch::optim::AdamW>(std::move(groups), torch::optim::AdamWOptions(learning_rate));
}

void set_rate(torch::optim::AdamW& optimizer, double learning_rate, double done, std::int64_t step,
              double weight_decay) {
  const double warm_up = std::min(1.0, static_cast<double>(step + 1) / 100.0);
  const double rate = learning_rate * warm_up * (0.5 + 0.5 * std::cos(std::numbers::pi * done));
  for (std::size_t g = 0; g < optimizer.param_groups().size(); ++g) {
    auto& options = static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups()[g].options());
    options.lr(rate);
    options.weight_decay(g == 0 ? weight_decay : 0.0);
  }
}

void require_writable(const std::filesystem::path& out) {
  if (out.extension() == ".log") {
    throw Error(ErrorKind::usage,
                "--out: found '" + out.string() + "', expected another ending: the log has this one");
  }
  const AtomicFile trial(out);
}

}  // namespace kwsd::train
