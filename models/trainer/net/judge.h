// The predictions of a model or a network for evaluation clips. Thread: one.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "models/trainer/data/batcher.h"
#include "models/trainer/net/checkpoint.h"

namespace kwsd::train {

/// Posteriors of every clip: [clips][labels], per branch.
using Posteriors = std::vector<torch::Tensor>;

/// True labels of every clip: int64 (clips).
[[nodiscard]] torch::Tensor true_labels(const std::vector<Batch>& batches);

/// Through the daemon's own network, with the kernels that `select_kernels("auto")` finds.
[[nodiscard]] Posteriors engine_posteriors(std::shared_ptr<const Model> model,
                                           const std::vector<Batch>& batches);
/// Through the trainer's network, rounding simulated in floating point.
[[nodiscard]] Posteriors trained_posteriors(NetImpl& net, const std::vector<Batch>& batches);
/// Through the integer network in torch.
[[nodiscard]] Posteriors integer_posteriors(const Model& model, const std::vector<Batch>& batches);

/// Percent of the clips whose top-1 is right.
[[nodiscard]] double accuracy(const torch::Tensor& posteriors, const torch::Tensor& labels);

/// Markdown: accuracy per branch with its standard error, then a confusion matrix per branch (rows: truth).
[[nodiscard]] std::string report(const Posteriors& posteriors, const torch::Tensor& labels,
                                 const std::vector<Label>& names);

/// The same as JSON: {"clips", "labels", "accuracy": percent per branch, "confusion":
/// [branch][truth][found]}.
[[nodiscard]] std::string report_json(const Posteriors& posteriors, const torch::Tensor& labels,
                                      const std::vector<Label>& names);

/// Throws Error (internal) unless the engine and the integer network in torch agree: the same top-1 on
/// every clip, posteriors within 1e-4 (both sum the classifier in float32).
void require_same(const Posteriors& engine, const Posteriors& integer);

}  // namespace kwsd::train
