#include "models/trainer/stream/stream_training.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

#include "app/base/progress.h"
#include "engine/model/error.h"
#include "models/trainer/data/ahead.h"
#include "models/trainer/data/batcher.h"
#include "models/trainer/data/rate.h"
#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/optimize.h"
#include "models/trainer/second/transfer.h"
#include "models/trainer/stream/replay.h"
#include "models/trainer/stream/stream_batcher.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

constexpr std::size_t replay_capacity = 512;
constexpr double validated_per_hour = 10;

class StreamRun {
 public:
  StreamRun(const Dataset& dataset, const StreamTrainOptions& options);
  void epochs();

 private:
  void start_fresh();
  void resume();
  void epoch(int number);
  [[nodiscard]] std::vector<int> trained_branches(std::int64_t step) const;
  void add_teacher(bool resumed);
  Tensor loss(const StreamTargets& batch, std::int64_t step, Tensor& hardness);
  Tensor stem_loss(const StreamTargets& batch, Tensor& hardness);
  void set_schedule(std::int64_t step);
  void log(int number, double mean_loss, double seconds);

  const Dataset& dataset_;
  StreamTrainOptions o_;
  torch::Device device_ = best_device();
  Checkpoint state_;
  StreamMaker maker_;
  std::unique_ptr<StreamBatcher> batcher_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::vector<StreamTargets> validation_;
  Replay replay_;
  std::unique_ptr<EmbeddingTeacher> teacher_;
  double vector_loss_ = 0;  // sum over the epoch's steps
  bool frozen_ = false;
};

StreamTargets on(StreamTargets t, torch::Device device) {
  for (Tensor* part :
       {&t.features, &t.targets, &t.negative, &t.stream, &t.label, &t.hit, &t.sure, &t.rival}) {
    *part = part->to(device);
  }
  return t;
}

StreamRun::StreamRun(const Dataset& dataset, const StreamTrainOptions& options)
    : dataset_(dataset),
      o_(options),
      maker_(dataset, options.augment, options.streams, options.keyword_balance, options.seed),
      replay_(replay_capacity, options.seed) {
  at::set_num_threads(o_.torch_threads);
  torch::manual_seed(o_.seed);
  require_writable(o_.out);
  const bool resumed = o_.resume && std::filesystem::exists(o_.out);
  resumed ? resume() : start_fresh();
  state_.net->to(device_);
  state_.average->to(device_);
  optimizer_ = make_optimizer(*state_.net, o_.learning_rate, o_.weight_decay);
  if (resumed && state_.info.epochs_done < o_.epochs) {
    load_optimizer(o_.out, *optimizer_);
  }
  const NetOptions& net = state_.info.options;
  batcher_ = std::make_unique<StreamBatcher>(maker_, dataset_, state_.info.features, o_.augment,
                                             net.first_frames(), net.step_frames(), o_.batch_size, o_.seed);
  if (!o_.embedding.empty()) {
    add_teacher(resumed);
  }
  for (std::size_t i = 0; i < o_.validation_batches && !dataset.clips(Split::validation).empty(); ++i) {
    validation_.push_back(on(to_targets(batcher_->make(i, Split::validation)), device_));
  }
}

void StreamRun::add_teacher(bool resumed) {
  batcher_->keep_samples(o_.taught_streams);
  const Tensor samples =
      torch::cat({to_targets(batcher_->make(0)).samples, to_targets(batcher_->make(1)).samples});
  teacher_ =
      std::make_unique<EmbeddingTeacher>(o_.embedding, state_.info.options, state_.info.features, samples);
  if (!resumed && o_.init.empty() && o_.transfer) {
    teacher_->start(*state_.net);
    state_.average->copy_from(*state_.net);
  }
}

void StreamRun::resume() {
  state_ = load_checkpoint(o_.out);
  require_labels(o_.out, state_.info.labels, dataset_.labels());
  if (!state_.info.options.causal) {
    throw Error(ErrorKind::usage, o_.out.string() + ": its net sees windows, expected a causal one");
  }
  spdlog::info("resuming {} after epoch {}", o_.out.string(), state_.info.epochs_done);
}

void StreamRun::start_fresh() {
  state_.info.options = o_.net;
  state_.info.labels = dataset_.labels();
  state_.info.recipe = o_.recipe;
  state_.net = Net(o_.net);
  state_.average = Net(o_.net);
  if (o_.init.empty()) {
    BatchOptions windows;
    windows.augment = o_.augment;
    windows.frames = o_.net.frames();
    windows.seed = o_.seed;
    windows.threads = o_.data_threads;
    state_.info.features = estimate_scaling(dataset_, FeatureParams{}, windows);
    state_.net->set_features(state_.info.features);
  } else {
    const Checkpoint before = load_checkpoint(o_.init);
    state_.info.features = before.info.features;
    state_.net->set_features(state_.info.features);
    spdlog::info("{} tensors initialized from {}", state_.net->copy_from(*before.average), o_.init.string());
  }
  state_.average->copy_from(*state_.net);
}

void StreamRun::set_schedule(std::int64_t step) {
  const double done = static_cast<double>(step) / (static_cast<double>(o_.epoch_steps) * o_.epochs);
  const bool binary = state_.info.options.pointwise == Kind::bit1;
  state_.net->progress = done;
  state_.net->real_weights = binary && done < o_.stage_one;
  state_.average->real_weights = state_.net->real_weights;
  set_rate(*optimizer_, o_.learning_rate, done, step,
           binary && !state_.net->real_weights ? 0.0 : o_.weight_decay);
}

/// Always the full branch, and one of the thin ones in turn.
std::vector<int> StreamRun::trained_branches(std::int64_t step) const {
  const int thin = state_.info.options.branches() - 1;
  return thin == 0 ? std::vector<int>{0} : std::vector<int>{0, 1 + static_cast<int>(step % thin)};
}

/// Σ_b λ_b · stream_loss of branch b; the hardness of each stream in the hardest branch.
Tensor StreamRun::loss(const StreamTargets& batch, std::int64_t step, Tensor& hardness) {
  StreamLossWeights weights = o_.loss;
  const double third = std::min(1.0, 3 * state_.net->progress);
  weights.sure += (o_.sure_end - weights.sure) * third;
  const std::vector<int> branches = trained_branches(step);
  ConvTap vectors = EmbeddingTeacher::vector_tap();
  const auto logits =
      state_.net->forward_streams(batch.features, branches, nullptr, teacher_ ? &vectors : nullptr);
  Tensor total = torch::zeros({}, batch.features.options());
  if (teacher_) {
    const Tensor difference = teacher_->vector_loss(vectors, batch.samples, batch.targets.size(1));
    vector_loss_ += difference.item<double>();
    total = total + o_.vector_weight * difference;
  }
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const StreamLoss branch = stream_loss(logits[i], batch, weights);
    total = total + o_.branch_weights[static_cast<std::size_t>(branches[i])] * branch.total;
    hardness = i == 0 ? branch.hardness : torch::maximum(hardness, branch.hardness);
  }
  return total;
}

Tensor StreamRun::stem_loss(const StreamTargets& batch, Tensor& hardness) {
  ConvTap stem = EmbeddingTeacher::stem_tap();
  state_.net->run_to(batch.features, stem);
  hardness = torch::zeros({batch.features.size(0)});
  const Tensor difference = teacher_->stem_loss(stem, batch.samples, batch.features.size(1));
  vector_loss_ += difference.item<double>();
  return difference;
}

void StreamRun::epoch(int number) {
  const auto start = std::chrono::steady_clock::now();
  torch::manual_seed(o_.seed * 1000003 + static_cast<std::uint64_t>(number));
  const std::uint64_t first = static_cast<std::uint64_t>(number) * o_.epoch_steps;
  Ahead<StreamBatch> batches(first, o_.data_threads, o_.data_threads + 2,
                             [this](std::uint64_t n) { return batcher_->make(n); });
  state_.net->train();
  double sum = 0;
  vector_loss_ = 0;
  {
    Progress progress(fmt::format("epoch {}", number + 1), o_.epoch_steps);
    for (std::size_t i = 0; i < o_.epoch_steps; ++i) {
      const auto step = static_cast<std::int64_t>(first + i);
      set_schedule(step);
      const StreamTargets fresh = on(to_targets(batches.next()), device_);
      Tensor hardness;
      const StreamTargets shown = replay_.extend(fresh, o_.replayed);
      const bool stem = teacher_ && o_.init.empty() && first + i < o_.stem_steps;
      if (!stem && o_.frozen_convs > 0 && !frozen_) {
        state_.net->freeze(o_.frozen_convs);
        frozen_ = true;
      }
      const Tensor total = stem ? stem_loss(shown, hardness) : loss(shown, step, hardness);
      optimizer_->zero_grad();
      total.backward();
      optimizer_->step();
      update_average(*state_.average, *state_.net, step, o_.average_decay);
      replay_.learn(fresh, hardness);
      sum += total.item<double>();
      progress.step();
    }
  }
  if (teacher_) {
    spdlog::info("epoch {}: {:.3f} of the variance of the embedding's values is left", number + 1,
                 vector_loss_ / static_cast<double>(o_.epoch_steps));
  }
  const double mean_loss = sum / static_cast<double>(o_.epoch_steps);
  if (!std::isfinite(mean_loss)) {
    throw Error(ErrorKind::internal,
                fmt::format("epoch {}: the loss is {}, expected a number: lower --learning-rate", number + 1,
                            mean_loss));
  }
  log(number, mean_loss, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

void StreamRun::log(int number, double mean_loss, double seconds) {
  const double step_seconds = static_cast<double>(batcher_->times().stride) / sample_rate_hz;
  const auto branches =
      validate_streams(*state_.average, validation_, o_.loss, step_seconds, validated_per_hour);
  std::string line = fmt::format("{}\t{:.4f}", number + 1, mean_loss);
  for (const StreamValidation& v : branches) {
    line += fmt::format("\t{:.4f}\t{:.1f}", v.loss, v.missed);
  }
  line += fmt::format("\t{}\t{:.0f}\n", replay_.size(), seconds);
  std::filesystem::path path = o_.out;
  std::ofstream file(path.replace_extension(".log"), number == 0 ? std::ios::trunc : std::ios::app);
  if (number == 0) {
    file << "epoch\tloss";
    for (std::size_t b = 0; b < branches.size(); ++b) {
      const char* name = branch_name(static_cast<BranchId>(b));
      file << fmt::format("\tvalidation_loss_{}\tmissed_{}", name, name);
    }
    file << "\thard_negatives\tseconds\n";
  }
  file << line << std::flush;
  if (!file) {
    throw Error(ErrorKind::io, path.string() + ": cannot be written");
  }
  spdlog::info("epoch {}/{}: {}", number + 1, o_.epochs, line.substr(0, line.size() - 1));
}

void StreamRun::epochs() {
  const int end = o_.stop_after > 0 ? std::min(o_.stop_after, o_.epochs) : o_.epochs;
  for (int number = state_.info.epochs_done; number < end; ++number) {
    epoch(number);
    state_.info.epochs_done = number + 1;
    save_checkpoint(o_.out, state_, optimizer_.get());
  }
}

/// Highest of each row where `mask` is 1.
std::vector<float> highest(const Tensor& values, const Tensor& mask) {
  const Tensor top = (values * mask).amax(1).cpu().contiguous();
  return {top.data_ptr<float>(), top.data_ptr<float>() + top.numel()};
}

}  // namespace

std::vector<StreamValidation> validate_streams(NetImpl& net, const std::vector<StreamTargets>& batches,
                                               const StreamLossWeights& weights, double step_seconds,
                                               double per_hour) {
  torch::NoGradGuard no_grad;
  const bool training = net.is_training();
  net.eval();
  const auto branches = static_cast<std::size_t>(net.options.branches());
  std::vector<StreamValidation> out(branches);
  std::vector<std::vector<float>> words(branches);
  std::vector<std::vector<float>> others(branches);
  double hours = 0;
  for (const StreamTargets& batch : batches) {
    hours += batch.negative.sum().item<double>() * step_seconds / 3600;
    const auto logits = net.forward_streams(batch.features, net.options.all_branches());
    for (std::size_t b = 0; b < branches; ++b) {
      out[b].loss +=
          stream_loss(logits[b], batch, weights).total.item<double>() / static_cast<double>(batches.size());
      const Tensor q = smoothed_posteriors(logits[b]);
      const auto top = highest(q.slice(2, 0, q.size(2) - 2).amax(2), batch.negative);
      others[b].insert(others[b].end(), top.begin(), top.end());
      if (batch.label.numel() > 0) {
        const Tensor index = batch.label.view({-1, 1, 1}).expand({-1, q.size(1), 1});
        const auto own = highest(q.index_select(0, batch.stream).gather(2, index).squeeze(2), batch.hit);
        words[b].insert(words[b].end(), own.begin(), own.end());
      }
    }
  }
  net.train(training);
  for (std::size_t b = 0; b < branches; ++b) {
    std::sort(others[b].rbegin(), others[b].rend());
    const auto allowed = static_cast<std::size_t>(per_hour * hours);
    const float threshold = allowed < others[b].size() ? others[b][allowed] : 0.0F;
    const auto missed =
        std::count_if(words[b].begin(), words[b].end(), [&](float w) { return w <= threshold; });
    out[b].missed =
        words[b].empty() ? 0 : 100.0 * static_cast<double>(missed) / static_cast<double>(words[b].size());
  }
  return out;
}

void train_streams(const Dataset& dataset, const StreamTrainOptions& options) {
  StreamRun(dataset, options).epochs();
}

}  // namespace kwsd::train
