#include "models/trainer/stream/replay.h"

#include <algorithm>

namespace kwsd::train {

StreamTargets Replay::extend(const StreamTargets& batch, std::size_t count) {
  shown_.clear();
  StreamTargets out = batch;
  for (std::size_t i = 0; i < count && shown_.size() < streams_.size(); ++i) {
    const std::size_t pick = random_.below(streams_.size());
    if (std::find(shown_.begin(), shown_.end(), pick) == shown_.end()) {
      shown_.push_back(pick);
      out = joined(out, streams_[pick]);
    }
  }
  return out;
}

void Replay::learn(const StreamTargets& batch, const torch::Tensor& hardness) {
  const torch::Tensor values = hardness.to(torch::kCPU).contiguous();
  const float* value = values.data_ptr<float>();
  const std::int64_t fresh = batch.features.size(0);
  std::vector<std::size_t> dropped;
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    if (value[fresh + static_cast<std::int64_t>(i)] < easy) {
      dropped.push_back(shown_[i]);
    }
  }
  std::sort(dropped.rbegin(), dropped.rend());
  for (const std::size_t i : dropped) {
    streams_[i] = streams_.back();
    streams_.pop_back();
  }
  for (std::int64_t b = 0; b < fresh; ++b) {
    const bool keyword = (batch.negative[b] == 0).any().item<bool>();
    if (keyword || value[b] < hard) {
      continue;
    }
    StreamTargets one;
    one.features = batch.features.slice(0, b, b + 1).clone();
    one.targets = batch.targets.slice(0, b, b + 1).clone();
    one.negative = batch.negative.slice(0, b, b + 1).clone();
    if (streams_.size() < capacity_) {
      streams_.push_back(one);
    } else {
      streams_[random_.below(streams_.size())] = one;
    }
  }
}

}  // namespace kwsd::train
