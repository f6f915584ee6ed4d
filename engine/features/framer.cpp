#include "engine/features/framer.h"

namespace kwsd {

Framer::Framer(int frame_samples, int hop_samples)
    : frame_samples_(frame_samples),
      hop_samples_(hop_samples),
      buffer_(static_cast<std::size_t>(frame_samples)) {}

void Framer::reset() noexcept {
  filled_ = 0;
  next_frame_ = 0;
}

}  // namespace kwsd
