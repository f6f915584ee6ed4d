#include "app/enroll/embeddings.h"

#include <algorithm>

namespace kwsd {

void Embeddings::append(const Embeddings& more) {
  size = more.size;
  ends.insert(ends.end(), more.ends.begin(), more.ends.end());
  for (std::size_t b = 0; b < branch_count; ++b) {
    values[b].insert(values[b].end(), more.values[b].begin(), more.values[b].end());
  }
}

Embedder::Embedder(const Network& net, int hop_frames)
    : model_(net.model()),
      branches_(model_.runs_in_steps() ? 1 : branch_count),
      hop_frames_(hop_frames),
      stream_(net, [this](const LayerOutput& out) {
        if (out.name == "classifier input") {
          newest_.assign(out.values.begin(), out.values.end());
        }
      }) {}

void Embedder::add(std::span<const std::int8_t> frames, Embeddings& to) {
  std::vector<std::int64_t> ends;
  const auto count = static_cast<std::int64_t>(frames.size() / model_.features.coefficients);
  for (std::int64_t end = 1; end <= count; end += hop_frames_) {
    ends.push_back(end);
  }
  add_at(frames, ends, to);
}

void Embedder::add_at(std::span<const std::int8_t> frames, std::span<const std::int64_t> ends,
                      Embeddings& to) {
  const std::size_t width = model_.features.coefficients;
  to.size = static_cast<std::size_t>(model_.memory_size) * static_cast<std::size_t>(model_.steps);
  std::vector<float> posteriors(model_.labels.size());
  std::int64_t seen = 0;
  for (const std::int64_t end : ends) {
    if (seen == 0 || end - seen >= model_.window_frames()) {
      stream_.reset();
      seen = end - model_.window_frames();
    }
    while (seen < end) {
      const auto frame = static_cast<std::size_t>(std::max<std::int64_t>(++seen, 1) - 1);
      stream_.push_frame(frames.subspan(frame * width, width));
    }
    to.ends.push_back(end);
    for (std::size_t b = 0; b < branches_; ++b) {
      stream_.classify(static_cast<BranchId>(b), posteriors);
      to.values[b].insert(to.values[b].end(), newest_.begin(), newest_.end());
    }
  }
}

}  // namespace kwsd
