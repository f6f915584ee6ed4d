// The objective of a net over streams: to be sure of a word once, soon after its end, and never outside it.
// Max-pooling over the steps near a word's end (Sun et al. 2016, Hou et al. 2020), the hardest steps of sound
// without a keyword. Thread: any.
#pragma once

#include <torch/torch.h>

#include "models/trainer/stream/stream_batcher.h"

namespace kwsd::train {

/// A batch as tensors; K occurrences, B streams of `steps` steps.
struct StreamTargets {
  torch::Tensor features;       ///< [B][frames][coefficients]
  torch::Tensor samples;        ///< of the first streams: [n][samples]; undefined where none were kept
  torch::Tensor targets;        ///< int64 [B][steps], -1: none
  torch::Tensor negative;       ///< [B][steps], 1 or 0
  torch::Tensor stream, label;  ///< int64 [K]
  torch::Tensor hit;            ///< [K][steps]: 1 in [end - 0.05, end + 0.5] s
  torch::Tensor sure;           ///< [K][steps]: 1 in [end - 0.02, end + 0.26] s
  torch::Tensor rival;          ///< [K][steps]: 1 in [begin + 0.1, end + 0.7] s
};
[[nodiscard]] StreamTargets to_targets(const StreamBatch& batch);
/// Appends streams of a batch without occurrences to another batch.
[[nodiscard]] StreamTargets joined(const StreamTargets& batch, const StreamTargets& more);

struct StreamLossWeights {
  double hit = 1, negative = 2, rival = 0.5, step = 1;
  double sure = 0.5;  ///< falls while training
  int hardest = 3;    ///< steps of a stream that `negative` takes
};

/// q: posteriors averaged over a step and the two before it, [B][steps][labels].
[[nodiscard]] torch::Tensor smoothed_posteriors(const torch::Tensor& logits);

struct StreamLoss {
  torch::Tensor total;     ///< scalar
  torch::Tensor hardness;  ///< [B]: mean of the hardest steps, no gradient
};
/// logits [B][steps][labels], of which the last two are unknown and silence. With p = softmax, q as above:
///   hit       mean over words of -log max q_word over `hit`
///   negative  mean over streams of the mean of the `hardest` largest -log(1 - sum of keywords' q) where
///   negative rival     mean over words of -log(1 - max of the other keywords' q over `rival`) step
///   cross-entropy of the steps that have a target sure      cross-entropy with the word over `sure`
[[nodiscard]] StreamLoss stream_loss(const torch::Tensor& logits, const StreamTargets& targets,
                                     const StreamLossWeights& weights);

}  // namespace kwsd::train
