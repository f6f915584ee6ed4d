#include "models/trainer/stream/stream_classifier.h"

#include <algorithm>

#include "engine/features/frames.h"
#include "engine/features/mfcc.h"
#include "engine/model/error.h"
#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/export.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

constexpr std::int64_t at_once = 2000;  // steps
constexpr std::int64_t overlap = 128;   // steps: more than any step can see back

/// Quantized MFCC with `copies` of the first frame before them: [frames][coefficients].
Tensor features_of(const FeatureParams& params, std::span<const float> samples, std::int64_t copies) {
  Mfcc mfcc(params);
  const std::size_t frames = frames_in(params, samples.size());
  Tensor out = torch::zeros({copies + static_cast<std::int64_t>(frames), params.coefficients});
  std::vector<std::int8_t> frame(params.coefficients);
  auto* row = out.data_ptr<float>() + copies * params.coefficients;
  for_each_frame(params, samples, [&](std::size_t, std::span<const float> of_frame) {
    mfcc.compute_quantized(of_frame, frame);
    row = std::copy(frame.begin(), frame.end(), row);
  });
  if (frames > 0) {
    out.slice(0, 0, copies).copy_(out[copies].expand({copies, -1}));
  }
  return out;
}

}  // namespace

StreamClassifierNet::StreamClassifierNet(const std::filesystem::path& path) {
  Checkpoint checkpoint = load_checkpoint(path);
  if (!checkpoint.info.options.causal) {
    throw Error(ErrorKind::usage,
                path.string() + ": its net sees windows, expected one of train-streams, or a model file");
  }
  model_.name = path.stem().string();
  model_.features = checkpoint.info.features;
  model_.labels = checkpoint.info.labels;
  for (Branch& branch : model_.branches) {
    branch.thresholds.assign(model_.labels.size(), 0.5F);
  }
  net_ = checkpoint.average.ptr();
  net_->eval();
}

StreamClassifierNet::~StreamClassifierNet() = default;

DetectorParams StreamClassifierNet::detector() {
  DetectorParams params;
  params.smoothing_seconds = stream_smoothing_seconds;
  return params;
}

StreamPosteriors StreamClassifierNet::classify(std::span<const float> samples) const {
  torch::NoGradGuard no_grad;
  const NetOptions& o = net_->options;
  const std::int64_t before = o.first_frames() - 1;
  const std::int64_t stride = o.step_frames();
  const Tensor all = features_of(model_.features, samples, before);
  const std::int64_t steps = (all.size(0) - before - 1) / stride + 1;
  StreamPosteriors out;
  out.samples = static_cast<std::int64_t>(samples.size());
  for (std::int64_t first = 0; first < steps; first += at_once) {
    const std::int64_t from = std::max<std::int64_t>(0, first - overlap);
    const std::int64_t to = std::min(steps, first + at_once);
    const Tensor part = all.slice(0, from * stride, (to - 1) * stride + before + 1).unsqueeze(0);
    const auto logits = net_->forward_streams(part, o.all_branches());
    for (std::size_t b = 0; b < branch_count; ++b) {
      const Tensor p =
          torch::softmax(logits[std::min(b, logits.size() - 1)][0], 1).slice(0, first - from).contiguous();
      out.posteriors[b].insert(out.posteriors[b].end(), p.data_ptr<float>(), p.data_ptr<float>() + p.numel());
    }
  }
  for (std::int64_t i = 0; i < steps; ++i) {
    out.end_samples.push_back(i * stride * model_.features.hop_samples + model_.features.frame_samples);
  }
  return out;
}

}  // namespace kwsd::train
