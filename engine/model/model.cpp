#include "engine/model/model.h"

namespace kwsd {

int Model::step_frames() const noexcept {
  int frames = 1;
  int stride = 1;
  for (const ConvLayer& layer : front_end) {
    frames += (layer.kernel_time - 1) * stride;
    stride *= layer.stride_time;
  }
  return frames;
}

int Model::step_stride_frames() const noexcept {
  int stride = 1;
  for (const ConvLayer& layer : front_end) {
    stride *= layer.stride_time;
  }
  return stride;
}

int Model::window_frames() const noexcept {
  return step_frames() + (steps - 1) * step_stride_frames();
}

int Model::window_samples() const noexcept {
  return (window_frames() - 1) * static_cast<int>(features.hop_samples) +
         static_cast<int>(features.frame_samples);
}

}  // namespace kwsd
