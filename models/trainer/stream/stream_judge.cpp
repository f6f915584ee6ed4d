#include "models/trainer/stream/stream_judge.h"

#include <spdlog/fmt/fmt.h>

#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/nn/network.h"
#include "models/trainer/net/integer_net.h"

namespace kwsd::train {

using torch::Tensor;

std::array<Tensor, branch_count> engine_stream_logits(std::shared_ptr<const Model> model,
                                                      const Tensor& features) {
  const auto labels = static_cast<std::int64_t>(model->labels.size());
  const std::int64_t stride = model->step_stride_frames();
  const std::int64_t first = model->step_frames();
  const Network network(model, select_kernels("auto"));
  Stream stream(network, {}, KeptBranches::all);
  const std::int64_t steps = (features.size(1) - first) / stride + 1;
  std::array<Tensor, branch_count> out;
  for (std::size_t b = 0; b < branch_count; ++b) {
    out[b] =
        torch::zeros({features.size(0), steps - model->lookahead_steps(static_cast<BranchId>(b)), labels});
  }
  const Tensor frames = features.to(torch::kInt8).contiguous();
  const auto coefficients = static_cast<std::size_t>(features.size(2));
  for (std::int64_t i = 0; i < features.size(0); ++i) {
    stream.reset();
    std::array<std::int64_t, branch_count> step{};
    const std::int8_t* frame = frames.data_ptr<std::int8_t>() + i * features.size(1) * features.size(2);
    for (std::int64_t f = 0; f < features.size(1); ++f, frame += coefficients) {
      stream.push_frame({frame, coefficients});
      if (f + 1 < first || (f + 1 - first) % stride != 0) {
        continue;
      }
      for (std::size_t b = 0; b < branch_count; ++b) {
        for (const Posteriors& posteriors : stream.classify(static_cast<BranchId>(b))) {
          std::copy(posteriors.logits.begin(), posteriors.logits.end(),
                    out[b].data_ptr<float>() + (i * out[b].size(1) + step[b]++) * labels);
        }
      }
    }
  }
  return out;
}

namespace {

std::int64_t words_found(const Tensor& logits, const StreamTargets& t) {
  if (t.label.numel() == 0) {
    return 0;
  }
  const Tensor q = smoothed_posteriors(logits);
  const Tensor index = t.label.view({-1, 1, 1}).expand({-1, q.size(1), 1});
  const Tensor own = q.index_select(0, t.stream).gather(2, index).squeeze(2);
  return ((own * t.hit).amax(1) >= 0.5).sum().item<std::int64_t>();
}

}  // namespace

std::array<StreamExportFigures, branch_count> judge_streams(std::shared_ptr<const Model> model, NetImpl& net,
                                                            const std::vector<StreamTargets>& streams) {
  torch::NoGradGuard no_grad;
  net.eval();
  std::array<StreamExportFigures, branch_count> out;
  for (const StreamTargets& t : streams) {
    const auto engine = engine_stream_logits(model, t.features);
    const auto trained = net.forward_streams(t.features, net.options.all_branches());
    for (std::size_t b = 0; b < branch_count; ++b) {
      const auto id = static_cast<BranchId>(b);
      const Tensor integer = integer::stream_logits(*model, id, t.features);
      if (!torch::equal(engine[b], integer)) {
        throw Error(
            ErrorKind::internal,
            fmt::format(
                "export: the {} branch of the engine differs from the trainer's integers by up to {:.3g} "
                "in the logits of a stream, expected no difference",
                branch_name(id), (engine[b] - integer).abs().max().item<double>()));
      }
      StreamExportFigures& figures = out[b];
      figures.words += t.label.numel();
      figures.found_trained += words_found(trained[b], t);
      figures.found_exported += words_found(integer, t);
      figures.same_top += integer.argmax(2).eq(trained[b].argmax(2)).sum().item<std::int64_t>();
      figures.steps += integer.size(0) * integer.size(1);
      figures.mean_difference +=
          (torch::softmax(integer, 2) - torch::softmax(trained[b], 2)).abs().mean().item<double>() /
          static_cast<double>(streams.size());
    }
  }
  return out;
}

std::vector<StreamTargets> judging_streams(const Dataset& dataset, const FeatureParams& features,
                                           const NetOptions& net, std::size_t batches) {
  const AugmentOptions augment;
  const StreamMaker maker(dataset, augment, {}, 0.75, 1);
  const StreamBatcher batcher(maker, dataset, features, augment, net.first_frames(), net.step_frames(), 32,
                              1);
  const Split split = dataset.clips(Split::validation).empty() ? Split::train : Split::validation;
  std::vector<StreamTargets> out;
  for (std::size_t i = 0; i < batches; ++i) {
    out.push_back(to_targets(batcher.make(i, split)));
  }
  return out;
}

}  // namespace kwsd::train
