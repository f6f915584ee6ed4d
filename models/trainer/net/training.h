// The training loop: one epoch after the other, checkpointed, logged, resumable. Thread: one (batches are
// made on others).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/trainer/data/batcher.h"
#include "models/trainer/data/dataset.h"
#include "models/trainer/net/checkpoint.h"

namespace kwsd::train {

struct TrainOptions {
  NetOptions net;
  BatchOptions batch;
  int epochs = 60;
  int stop_after = 0;      ///< epochs after which the run ends early, to be resumed; 0: none
  double stage_one = 0.3;  ///< share of the epochs with binary activations and real weights
  double learning_rate = 2e-3;
  double weight_decay = 1e-2;  ///< 0 once the weights are binary
  double label_smoothing = 0.1;
  double mixup_chance = 0;
  double word_weight = 0.3;  ///< auxiliary classification of all words
  double average_decay = 0.998;
  double distill = 0.7;  ///< share of the logit distillation in the loss, with a teacher
  double temperature = 2;
  double hed = 0.01;      ///< weight of HED (paper: α), with a teacher
  bool enhance = true;    ///< HED with the high-frequency part emphasised; false: plain feature distillation
  double rad_weight = 2;  ///< weight of RAD's loss, mean over all that is signed (its paper: λ)
  std::vector<double> branch_weights{1.0, 0.5, 0.25};
  int torch_threads = 2;
  std::vector<std::filesystem::path> teachers;  ///< checkpoints; their logits are averaged
  std::filesystem::path init;  ///< checkpoint whose weights are taken over where they fit, or empty
  std::filesystem::path out;   ///< checkpoint; the log stands beside it as .log
  bool resume = false;
  std::string recipe;  ///< JSON text, kept in the checkpoint
};

/// Accuracy in percent of each branch of `net` over evaluation batches.
[[nodiscard]] std::vector<double> evaluate(NetImpl& net, const std::vector<Batch>& batches);

/// Trains and leaves options.out and its log. Throws Error.
void train(const Dataset& dataset, const TrainOptions& options);

}  // namespace kwsd::train
