// Shared parts of the training loops: an optimizer, an average of the weights, the path of the checkpoint.
// Thread: one.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <memory>

#include "models/trainer/net/network.h"

namespace kwsd::train {

[[nodiscard]] torch::Device best_device();

/// Exponential average of everything that training changes; a short memory at the start.
void update_average(NetImpl& average, NetImpl& net, std::int64_t step, double decay);

/// AdamW; weight decay for matrices alone, the first of its two groups.
[[nodiscard]] std::unique_ptr<torch::optim::AdamW> make_optimizer(NetImpl& net, double learning_rate,
                                                                  double weight_decay);

/// Cosine from `learning_rate` to 0 over `done` in [0, 1], after 100 steps of warm-up; no decay of binary
/// weights.
void set_rate(torch::optim::AdamW& optimizer, double learning_rate, double done, std::int64_t step,
              double weight_decay);

/// Reports an unusable checkpoint path before the first epoch, not after. Throws Error.
void require_writable(const std::filesystem::path& out);

}  // namespace kwsd::train
