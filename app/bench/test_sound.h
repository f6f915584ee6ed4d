// The input of the nets in `kwsd bench`: a vowel-like sound, framed as in every stream. Thread: one.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/model/model.h"
#include "engine/nn/front_end.h"
#include "engine/spotter/feature_stream.h"

namespace kwsd {

class TestSound {
 public:
  explicit TestSound(const Model& model)
      : features_(std::make_shared<const MfccTables>(model.features)),
        sample_rate_hz_(model.features.sample_rate_hz),
        hop_frames_(model.hop_frames()),
        samples_(static_cast<std::size_t>(model.hop_frames()) * model.features.hop_samples),
        frame_(model.features.coefficients) {
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const auto t = static_cast<float>(i) / 16000.0F;
      samples_[i] =
          0.2F * std::sin(750.0F * t) + 0.1F * std::sin(6900.0F * t) + 0.02F * std::sin(21000.0F * t);
    }
    compute_hop();  // the first frame needs more samples than the others
    compute_hop();
  }

  [[nodiscard]] double hop_seconds() const noexcept {
    return static_cast<double>(samples_.size()) / sample_rate_hz_;
  }
  /// The last frame that was computed: (coefficients).
  [[nodiscard]] std::span<const std::int8_t> frame() const noexcept { return frame_; }
  /// The MFCC of the frames of one hop.
  void compute_hop() noexcept {
    features_.push(samples_, [this](std::span<const std::int8_t> frame) {
      std::copy(frame.begin(), frame.end(), frame_.begin());
    });
  }
  /// As many frames as a hop has, all the last one.
  void push_hop(FrontEndStream& frames) const noexcept {
    for (int i = 0; i < hop_frames_; ++i) {
      frames.push_frame(frame_);
    }
  }

 private:
  FeatureStream features_;
  double sample_rate_hz_;
  int hop_frames_;
  std::vector<float> samples_;      // of one hop
  std::vector<std::int8_t> frame_;  // (coefficients)
};

}  // namespace kwsd
