// Compares a streaming model file with the net that it was made from. Thread: one.
#pragma once

#include <torch/torch.h>

#include <array>
#include <memory>
#include <vector>

#include "engine/model/model.h"
#include "models/trainer/net/network.h"
#include "models/trainer/stream/stream_batcher.h"
#include "models/trainer/stream/stream_loss.h"

namespace kwsd::train {

/// The output of the daemon's own network, per branch: logits [B][steps][labels]. features:
/// [B][frames][coefficients], the first step ends with frame step_frames - 1.
[[nodiscard]] std::array<torch::Tensor, branch_count> engine_stream_logits(std::shared_ptr<const Model> model,
                                                                           const torch::Tensor& features);

/// The cost of the export, one branch.
struct StreamExportFigures {
  std::int64_t words = 0;
  std::int64_t found_trained = 0, found_exported = 0;  ///< words whose q (stream_loss.h) reaches 0.5
  std::int64_t same_top = 0, steps = 0;
  double mean_difference = 0;  ///< of the posteriors
};
/// Throws Error (internal) unless engine and trainer's integers have the same logits at every step, bit for
/// bit.
[[nodiscard]] std::array<StreamExportFigures, branch_count> judge_streams(
    std::shared_ptr<const Model> model, NetImpl& net, const std::vector<StreamTargets>& streams);

/// Streams of the validation split under the default augmentation, for choosing shifts and for judging.
[[nodiscard]] std::vector<StreamTargets> judging_streams(const Dataset& dataset,
                                                         const FeatureParams& features, const NetOptions& net,
                                                         std::size_t batches);

}  // namespace kwsd::train
