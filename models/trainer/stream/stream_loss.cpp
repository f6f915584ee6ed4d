#include "models/trainer/stream/stream_loss.h"

#include <algorithm>

namespace kwsd::train {

using torch::Tensor;
namespace fn = torch::nn::functional;

namespace {

constexpr double smallest = 1e-6;
constexpr double largest = 1 - 1e-4;

Tensor minus_log_rest(const Tensor& q) {
  return -torch::log1p(-q.clamp_max(largest));
}

Tensor copy_of(const std::vector<float>& values, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<float*>(values.data()), shape, torch::kFloat32).clone();
}

Tensor copy_of(const std::vector<std::int64_t>& values, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()), shape, torch::kInt64).clone();
}

}  // namespace

StreamTargets to_targets(const StreamBatch& batch) {
  const auto size = static_cast<std::int64_t>(batch.size);
  const auto steps = static_cast<std::int64_t>(batch.times.steps);
  const auto count = static_cast<std::int64_t>(batch.occurrences.size());
  std::vector<std::int64_t> stream;
  std::vector<std::int64_t> label;
  std::vector<float> hit;
  std::vector<float> sure;
  std::vector<float> rival;
  for (const Occurrence& o : batch.occurrences) {
    stream.push_back(static_cast<std::int64_t>(o.stream));
    label.push_back(o.label);
    for (std::size_t i = 0; i < batch.times.steps; ++i) {
      const double now = batch.times.end_seconds(i);
      const auto within = [now](double from, double to) { return now >= from && now <= to ? 1.0F : 0.0F; };
      hit.push_back(within(o.end - 0.05, o.end + 0.5));
      sure.push_back(within(o.end - 0.02, o.end + 0.26));
      rival.push_back(within(o.begin + 0.1, o.end + 0.7));
    }
  }
  torch::Tensor samples;
  if (!batch.samples.empty()) {
    const auto kept = static_cast<std::int64_t>(batch.samples_of);
    samples = copy_of(batch.samples, {kept, static_cast<std::int64_t>(batch.samples.size()) / kept});
  }
  return {copy_of(batch.features, {size, static_cast<std::int64_t>(batch.frames),
                                   static_cast<std::int64_t>(batch.coefficients)}),
          samples,
          copy_of(batch.targets, {size, steps}),
          copy_of(batch.negative, {size, steps}),
          copy_of(stream, {count}),
          copy_of(label, {count}),
          copy_of(hit, {count, steps}),
          copy_of(sure, {count, steps}),
          copy_of(rival, {count, steps})};
}

StreamTargets joined(const StreamTargets& batch, const StreamTargets& more) {
  StreamTargets out = batch;
  out.features = torch::cat({batch.features, more.features});
  out.targets = torch::cat({batch.targets, more.targets});
  out.negative = torch::cat({batch.negative, more.negative});
  return out;
}

Tensor smoothed_posteriors(const Tensor& logits) {
  const Tensor p = torch::softmax(logits, 2).transpose(1, 2);  // [B][labels][steps]
  const Tensor padded = fn::pad(p, fn::PadFuncOptions({2, 0}));
  return torch::avg_pool1d(padded, {3}, {1}).transpose(1, 2);
}

StreamLoss stream_loss(const Tensor& logits, const StreamTargets& t, const StreamLossWeights& weights) {
  const auto keywords = logits.size(2) - 2;
  const auto labels = logits.size(2);
  const Tensor log_p = torch::log_softmax(logits, 2);
  const Tensor q = smoothed_posteriors(logits);
  const Tensor of_keywords = q.slice(2, 0, keywords);

  const Tensor hard = minus_log_rest(of_keywords.sum(2)) * t.negative;
  const auto most = std::min<std::int64_t>(weights.hardest, hard.size(1));
  const Tensor hardest = std::get<0>(hard.topk(most, 1)).mean(1);  // [B]
  Tensor total = weights.negative * hardest.mean();

  if ((t.targets >= 0).any().item<bool>()) {
    total = total + weights.step * torch::nll_loss(log_p.reshape({-1, labels}), t.targets.reshape({-1}), {},
                                                   at::Reduction::Mean, -1);
  }
  if (t.label.numel() > 0) {
    const auto steps = logits.size(1);
    const Tensor index = t.label.view({-1, 1, 1}).expand({-1, steps, 1});
    const Tensor mine = q.index_select(0, t.stream).gather(2, index).squeeze(2);  // [K][steps]
    total = total - weights.hit * (mine * t.hit).amax(1).clamp_min(smallest).log().mean();
    const Tensor others = of_keywords.index_select(0, t.stream).scatter(2, index, 0.0) *
                          t.rival.unsqueeze(2);  // [K][steps][keywords]
    total = total + weights.rival * minus_log_rest(others.amax({1, 2})).mean();
    if (weights.sure > 0) {
      const Tensor log_mine = log_p.index_select(0, t.stream).gather(2, index).squeeze(2);
      total = total - weights.sure * (log_mine * t.sure).sum() / t.sure.sum().clamp_min(1.0);
    }
  }
  return {total, hardest.detach()};
}

}  // namespace kwsd::train
