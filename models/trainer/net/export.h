// A trained network -> the integers of engine/model/model.h. Thread: one.
#pragma once

#include <torch/torch.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "engine/model/model.h"
#include "models/trainer/net/checkpoint.h"

namespace kwsd::train {

/// The detector's average of a net with a posterior every 48 ms: four of them.
inline constexpr double stream_smoothing_seconds = 0.192;

/// Folds BN, PReLU and sign into integers. `frames` [B][frames][coefficients]: quantized features of real
/// clips, of a causal net's whole streams, carried through the integer net layer by layer to choose shifts
/// that do not overflow. Throws Error (usage) for a network with layers that the engine does not have (real
/// ones, one branch).
[[nodiscard]] Model to_model(Checkpoint& checkpoint, const std::string& name, const torch::Tensor& frames);

/// The same of a net that train-second made: one branch, no blocks, no thresholds; a window net, as
/// SecondStage::net has to be. `features`: those of the first stage, which the net is made to take.
[[nodiscard]] Model to_second_stage(Checkpoint& checkpoint, const FeatureParams& features,
                                    const torch::Tensor& frames);
/// Makes a net over mel bands take features of another mean and scale. Throws Error (usage) where the
/// features differ in anything else.
void take_features(Checkpoint& checkpoint, const FeatureParams& features);

/// Writes a model file; returns its bytes. Throws Error (io, internal).
std::size_t write_model(const std::filesystem::path& path, const Model& model);
/// Throws Error (usage) unless a model can have the name that --name gives.
void require_name(const std::string& name);

/// Whether to_model takes it.
[[nodiscard]] bool is_exportable(const NetOptions& options);

/// Real numbers of the network that a float32 file would hold: weights, BN gains and offsets, PReLU slopes.
[[nodiscard]] std::size_t float_parameters(const NetImpl& net);

}  // namespace kwsd::train
