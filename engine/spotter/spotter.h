// Samples -> detections. The page for developers who embed the spotter in a program: load models, make one
// Spotter, one SpotterStream (spotter_stream.h) per audio stream. No files, no threads, no text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/detect/detector.h"
#include "engine/features/mfcc.h"
#include "engine/kernels/kernels.h"
#include "engine/nn/network.h"

namespace kwsd {

/// Options that are not set have each model's values.
struct SpotterOptions {
  /// Interval at which posteriors are computed; rounded to whole frames, at least one; > 0.
  std::optional<double> hop_seconds;
  std::optional<double> smoothing_seconds, refractory_seconds;  ///< ranges: DetectorParams
  /// The refractory period of keywords by name, in place of refractory_seconds. A name that no model has is
  /// ignored.
  std::map<std::string, double, std::less<>> keyword_refractory_seconds;
};

/// The parameters of a model's detector under these options.
[[nodiscard]] DetectorParams detector_params(const Model& model, const SpotterOptions& options);

/// Models and their prepared networks. Immutable; shared by any number of streams and threads.
class Spotter {
 public:
  /// Throws Error (usage) for a parameter of the detector out of its range.
  Spotter(std::vector<std::shared_ptr<const Model>> models, const Kernels& kernels,
          const SpotterOptions& options = {});

  /// In the order in which they were passed; Spotting::model is an index into it.
  [[nodiscard]] std::span<const std::shared_ptr<const Model>> models() const noexcept { return models_; }
  [[nodiscard]] const Kernels& kernels() const noexcept { return *kernels_; }
  /// Samples between two computations of a model's posteriors.
  [[nodiscard]] std::int64_t hop_samples(std::size_t model) const noexcept;
  /// Number of samples after which a stream has as much history as any of its detectors uses.
  [[nodiscard]] std::int64_t memory_samples() const noexcept { return memory_samples_; }

 private:
  friend class SpotterStream;

  /// A model with the objects needed to run it.
  struct Listener {
    std::unique_ptr<const Network> network;
    DetectorParams detector;
    std::size_t features;  // index into features_
    int hop_frames;
  };

  std::vector<std::shared_ptr<const Model>> models_;
  const Kernels* kernels_;
  std::vector<std::shared_ptr<const MfccTables>> features_;  // models with the same features share one
  std::vector<Listener> listeners_;                          // [models]
  std::int64_t memory_samples_ = 0;
};

}  // namespace kwsd
