// A training run on disk: the network, its average, the optimizer, its progress. Thread: one.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/features/feature_params.h"
#include "engine/model/model.h"
#include "models/trainer/net/network.h"

namespace kwsd::train {

/// The data that a network needs in addition to its weights to become a model.
struct NetInfo {
  NetOptions options;
  FeatureParams features;     ///< with mean and scale
  std::vector<Label> labels;  ///< keywords, unknown, silence
  std::string recipe;         ///< JSON text: how it was trained
  int epochs_done = 0;
};

struct Checkpoint {
  NetInfo info;
  Net net{nullptr};      ///< as trained
  Net average{nullptr};  ///< exponential average of the weights, used for evaluation and export
};

/// Writes the whole file or nothing (AtomicFile). Throws Error (io). Without an optimizer only the average is
/// written, as a start for other runs.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     const torch::optim::Optimizer* optimizer);

/// If the file holds only the average, it is also `net`. Throws Error: no_input when it cannot be read,
/// bad_data when it is not a checkpoint.
[[nodiscard]] Checkpoint load_checkpoint(const std::filesystem::path& path);

/// The optimizer's state of a checkpoint, into an optimizer made for the same network.
void load_optimizer(const std::filesystem::path& path, torch::optim::Optimizer& optimizer);

/// Throws Error (usage) unless `found`, those of `file`, are the labels of the recordings, by name and in
/// order.
void require_labels(const std::filesystem::path& file, const std::vector<Label>& found,
                    const std::vector<Label>& expected);

[[nodiscard]] const std::vector<std::string>& kind_names();

}  // namespace kwsd::train
