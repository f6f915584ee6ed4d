#include "app/enroll/embeddings.h"

#include <algorithm>

namespace kwsd {

Embedder::Embedder(const Network& base, int hop_frames)
    : model_(base.model()), hop_frames_(hop_frames), stream_(base, [this](const LayerOutput& out) {
        if (out.name == "classifier input") {
          newest_.assign(out.values.begin(), out.values.end());
        }
      }) {}

void Embedder::add(std::span<const std::int8_t> frames, Embeddings& to) {
  const std::size_t width = model_.features.coefficients;
  to.size = static_cast<std::size_t>(model_.memory_size) * static_cast<std::size_t>(model_.steps);
  std::vector<float> posteriors(model_.labels.size());
  stream_.reset();
  for (std::size_t f = 0; (f + 1) * width <= frames.size(); ++f) {
    const auto frame = frames.subspan(f * width, width);
    stream_.push_frame(frame);
    while (!stream_.window_ready()) {
      stream_.push_frame(frame);
    }
    if (f % static_cast<std::size_t>(hop_frames_) != 0) {
      continue;
    }
    to.ends.push_back(static_cast<std::int64_t>(f) + 1);
    for (std::size_t b = 0; b < branch_count; ++b) {
      stream_.classify(static_cast<BranchId>(b), posteriors);
      to.values[b].insert(to.values[b].end(), newest_.begin(), newest_.end());
    }
  }
}

}  // namespace kwsd
