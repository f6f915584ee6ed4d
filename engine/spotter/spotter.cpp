#include "engine/spotter/spotter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace kwsd {
namespace {

int hop_frames_of(const Model& model, const SpotterOptions& options) {
  const double frame_seconds =
      static_cast<double>(model.features.hop_samples) / model.features.sample_rate_hz;
  return options.hop_seconds ? std::max(1, static_cast<int>(std::round(*options.hop_seconds / frame_seconds)))
                             : model.hop_frames();
}

/// Samples that a score of the model depends on.
std::int64_t memory_samples_of(const Model& model, const DetectorParams& detector) {
  const FeatureParams& f = model.features;
  std::int64_t frames = std::max(model.window_frames(), model.second ? model.second->net.window_frames() : 0);
  if (model.streaming) {
    for (int branch = 0; branch < branch_count; ++branch) {
      const int steps = model.reach_steps(static_cast<BranchId>(branch));
      frames = std::max<std::int64_t>(frames, model.step_frames() + (steps - 1) * model.step_stride_frames());
    }
  }
  return (frames - 1) * f.hop_samples + f.frame_samples +
         static_cast<std::int64_t>(detector.smoothing_seconds * f.sample_rate_hz);
}

}  // namespace

DetectorParams detector_params(const Model& model, const SpotterOptions& options) {
  DetectorParams params = model.detector;
  params.smoothing_seconds = options.smoothing_seconds.value_or(params.smoothing_seconds);
  params.refractory_seconds = options.refractory_seconds.value_or(params.refractory_seconds);
  if (!options.keyword_refractory_seconds.empty()) {
    for (const Label& label : model.labels) {
      const auto own = options.keyword_refractory_seconds.find(label.name);
      params.label_refractory_seconds.push_back(
          own != options.keyword_refractory_seconds.end() ? own->second : params.refractory_seconds);
    }
  }
  return params;
}

Spotter::Spotter(std::vector<std::shared_ptr<const Model>> models, const Kernels& kernels,
                 const SpotterOptions& options)
    : models_(std::move(models)), kernels_(&kernels) {
  for (const std::shared_ptr<const Model>& model : models_) {
    const DetectorParams detector = detector_params(*model, options);
    const Detector checked(*model, detector);
    const auto same = std::find_if(features_.begin(), features_.end(),
                                   [&](const auto& tables) { return tables->params() == model->features; });
    const auto features = static_cast<std::size_t>(same - features_.begin());
    if (same == features_.end()) {
      features_.push_back(std::make_shared<const MfccTables>(model->features));
    }
    listeners_.push_back({std::make_unique<const Network>(model, kernels), detector, features,
                          hop_frames_of(*model, options)});
    memory_samples_ = std::max(memory_samples_, memory_samples_of(*model, detector));
  }
}

std::int64_t Spotter::hop_samples(std::size_t model) const noexcept {
  return std::int64_t{models_[model]->features.hop_samples} * listeners_[model].hop_frames;
}

}  // namespace kwsd
