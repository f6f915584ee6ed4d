// Training over streams: a causal net with three branches under the loss of stream_loss.h, checkpointed,
// logged, resumable. Thread: one (streams are made on others).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/trainer/data/dataset.h"
#include "models/trainer/net/network.h"
#include "models/trainer/stream/stream_loss.h"
#include "models/trainer/stream/stream_maker.h"

namespace kwsd::train {

struct StreamTrainOptions {
  NetOptions net;
  StreamOptions streams;
  AugmentOptions augment;
  double keyword_balance = 0.75;
  std::size_t batch_size = 32;    ///< streams
  std::size_t replayed = 4;       ///< of them: the hardest recent streams without a keyword
  std::size_t epoch_steps = 250;  ///< between two checkpoints
  int epochs = 24;
  int stop_after = 0;       ///< epochs after which the run ends early, to be resumed; 0: none
  double stage_one = 0.25;  ///< share of the epochs with binary activations and real weights
  double learning_rate = 2e-3;
  double weight_decay = 1e-2;  ///< 0 once the weights are binary
  double average_decay = 0.998;
  /// Each step trains the full branch and one of the thin ones, in turn.
  std::vector<double> branch_weights{1.0, 1.2, 1.2};
  StreamLossWeights loss;
  double sure_end = 0.075;  ///< value that loss.sure has fallen to after a third of the training
  std::size_t validation_batches = 24;
  std::uint64_t seed = 1;
  int torch_threads = 1;
  unsigned data_threads = 1;
  /// Folder of SpeechEmbedding whose numbers a second stage starts from and whose vectors the net learns, too
  /// (models/trainer/second), or empty.
  std::filesystem::path embedding;
  bool transfer = true;             ///< false: the embedding teaches alone
  double vector_weight = 1;         ///< of the difference from its vectors in the loss
  std::size_t stem_steps = 400;     ///< first steps, which train the stem alone
  std::size_t taught_streams = 16;  ///< of a batch
  std::size_t frozen_convs = 0;     ///< first convs that do not change after the stem's steps
  std::filesystem::path init;       ///< checkpoint whose weights are copied if they fit, or empty
  std::filesystem::path out;        ///< checkpoint; the log stands beside it as .log
  bool resume = false;
  std::string recipe;  ///< JSON text, kept in the checkpoint
};

/// Per branch, over validation streams: mean loss, and percent of the words missed at the threshold that the
/// highest keyword posterior of a stream passes `per_hour` times an hour of sound without a keyword (a word
/// counts if its own posterior passes).
struct StreamValidation {
  double loss = 0, missed = 0;
};
[[nodiscard]] std::vector<StreamValidation> validate_streams(NetImpl& net,
                                                             const std::vector<StreamTargets>& batches,
                                                             const StreamLossWeights& weights,
                                                             double step_seconds, double per_hour);

/// Trains and leaves options.out and its log. Throws Error.
void train_streams(const Dataset& dataset, const StreamTrainOptions& options);

}  // namespace kwsd::train
