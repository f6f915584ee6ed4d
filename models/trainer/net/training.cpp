#include "models/trainer/net/training.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

#include "app/base/atomic_file.h"
#include "app/base/progress.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "models/trainer/data/tensors.h"
#include "models/trainer/net/distill.h"
#include "models/trainer/net/export.h"
#include "models/trainer/net/hard_windows.h"
#include "models/trainer/net/optimize.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

class Run {
 public:
  Run(const Dataset& dataset, const TrainOptions& options);
  void epochs();

 private:
  void start_fresh(const Dataset& dataset);
  void require_exportable();
  void resume();
  void add_teacher(const std::filesystem::path& path);
  BranchOutput teach(const Tensor& features);
  double epoch(int number);
  HardNegatives hard_negatives(int number);
  Tensor loss(const TensorBatch& batch, double* correct);
  void set_schedule(std::int64_t step);
  void log(int number, double mean_loss, double accuracy, double seconds);

  const Dataset& dataset_;
  TrainOptions o_;
  torch::Device device_ = best_device();
  Checkpoint state_;
  std::vector<Net> teachers_;
  std::unique_ptr<Batcher> batcher_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::vector<Batch> validation_;
};

Run::Run(const Dataset& dataset, const TrainOptions& options) : dataset_(dataset), o_(options) {
  at::set_num_threads(o_.torch_threads);
  torch::manual_seed(o_.batch.seed);
  require_writable(o_.out);
  const bool resumed = o_.resume && std::filesystem::exists(o_.out);
  o_.batch.frames = o_.net.frames();
  if (resumed) {
    resume();
  } else {
    start_fresh(dataset);
  }
  state_.net->to(device_);
  state_.average->to(device_);
  optimizer_ = make_optimizer(*state_.net, o_.learning_rate, o_.weight_decay);
  if (resumed && state_.info.epochs_done < o_.epochs) {
    load_optimizer(o_.out, *optimizer_);
  }
  for (const auto& path : o_.teachers) {
    add_teacher(path);
  }
  o_.batch.frames = o_.net.frames();
  o_.batch.samples = o_.net.takes_samples();
  batcher_ = std::make_unique<Batcher>(dataset, state_.info.features, o_.batch);
  validation_ = batcher_->evaluation(Split::validation);
}

void Run::resume() {
  state_ = load_checkpoint(o_.out);
  const NetInfo& info = state_.info;
  require_labels(o_.out, info.labels, dataset_.labels());
  if (info.options.words != o_.net.words) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "{}: was trained on {} words, found {}: expected the recordings of before (--init {} starts "
            "anew from it)",
            o_.out.string(), info.options.words, o_.net.words, o_.out.string()));
  }
  o_.net.labels = info.options.labels;
  if (o_.net != info.options) {
    spdlog::warn("{}: continuing with the network of the checkpoint; the network options are ignored",
                 o_.out.string());
  }
  o_.net = info.options;
  spdlog::info("resuming {} after epoch {}", o_.out.string(), info.epochs_done);
  if (info.epochs_done >= o_.epochs) {
    spdlog::warn(
        "{}: has {} of {} epochs already, nothing is trained (expected more --epochs, or another --out)",
        o_.out.string(), info.epochs_done, o_.epochs);
  }
}

/// Rejects a network that no model file can hold before it is trained, not at export.
void Run::require_exportable() {
  if (!is_exportable(o_.net)) {
    spdlog::info("this network can only teach: a model file holds int8 and 1-bit layers and three branches");
    return;
  }
  const auto coefficients = static_cast<std::size_t>(o_.net.coefficients);
  state_.info.features.mean.assign(coefficients, 0.0F);
  state_.info.features.scale.assign(coefficients, 1.0F);
  try {
    Model model = to_model(state_, "network", torch::zeros({1, o_.net.frames(), o_.net.coefficients}));
    model.provenance.clear();
    static_cast<void>(serialize_model(model));
  } catch (const Error& e) {
    throw Error(ErrorKind::usage, std::string("no model file can hold this network: ") + e.what());
  }
}

void Run::start_fresh(const Dataset& dataset) {
  state_.info.options = o_.net;
  state_.info.labels = dataset.labels();
  state_.info.recipe = o_.recipe;
  state_.net = Net(o_.net);
  state_.average = Net(o_.net);
  require_exportable();
  std::filesystem::path first = o_.init;
  if (first.empty() && !o_.teachers.empty()) {
    first = o_.teachers.front();
  }
  if (first.empty()) {
    state_.info.features = estimate_scaling(dataset, FeatureParams{}, o_.batch);
    state_.net->set_features(state_.info.features);
  } else {
    const Checkpoint before = load_checkpoint(first);
    state_.info.features = before.info.features;  // one scaling for teacher and student
    state_.net->set_features(state_.info.features);
    const int copied = state_.net->copy_from(*before.average);
    spdlog::info("{} tensors initialized from {}", copied, first.string());
  }
  state_.average->copy_from(*state_.net);
}

void Run::add_teacher(const std::filesystem::path& path) {
  const Checkpoint teacher = load_checkpoint(path);
  const auto same_name = [](const Label& a, const Label& b) { return a.name == b.name; };
  const bool same_labels = std::equal(teacher.info.labels.begin(), teacher.info.labels.end(),
                                      state_.info.labels.begin(), state_.info.labels.end(), same_name);
  if (!(teacher.info.features == state_.info.features) || !same_labels) {
    throw Error(ErrorKind::usage, path.string() +
                                      ": its features or labels are others, expected those of the net it "
                                      "teaches (train it with the same --keywords and --init)");
  }
  const NetOptions& theirs = teacher.info.options;
  if (theirs.takes_samples() != o_.net.takes_samples()) {
    throw Error(ErrorKind::usage, path.string() +
                                      ": of it and the net it teaches, one takes samples and one "
                                      "features, expected the same of both");
  }
  const bool no_blocks =
      theirs.architecture != Architecture::fsmn || o_.net.architecture != Architecture::fsmn;
  if (o_.hed > 0 && teachers_.empty() && no_blocks) {
    const bool of_teacher = theirs.architecture != Architecture::fsmn;
    throw Error(ErrorKind::usage, path.string() + (of_teacher ? ": has" : ": the net it teaches has") +
                                      " no FSMN blocks, which HED compares; expected --hed 0");
  }
  if (o_.hed > 0 && teachers_.empty() &&
      (theirs.blocks < o_.net.blocks || theirs.memory_size != o_.net.memory_size ||
       theirs.steps != o_.net.steps)) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "{}: HED compares blocks: found {} of {} channels and {} steps, expected {} of {} and {} as "
            "in the net it teaches, or --hed 0",
            path.string(), theirs.blocks, theirs.memory_size, theirs.steps, o_.net.blocks, o_.net.memory_size,
            o_.net.steps));
  }
  const int spare = o_.net.frames() - theirs.frames();  // a conv net takes any number of frames
  const int most = theirs.architecture == Architecture::fsmn ? theirs.step_frames() : 1;
  if (!teacher.net->conv && (spare < 0 || spare >= most)) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: its window has {} frames, expected the {} of the net it teaches",
                            path.string(), theirs.frames(), o_.net.frames()));
  }
  teachers_.push_back(teacher.average);
  teachers_.back()->to(device_);
  teachers_.back()->eval();
}

/// Mean of the teachers' logits; features of the first's blocks.
BranchOutput Run::teach(const Tensor& features) {
  torch::NoGradGuard no_grad;
  BranchOutput out;
  for (Net& teacher : teachers_) {
    BranchOutput one = teacher->forward(features, 1).front();
    out.logits = out.logits.defined() ? out.logits + one.logits : one.logits;
    if (out.features.empty()) {
      out.features = std::move(one.features);
    }
  }
  out.logits = out.logits / static_cast<double>(teachers_.size());
  return out;
}

void Run::set_schedule(std::int64_t step) {
  const auto per_epoch = static_cast<double>(batcher_->batches_per_epoch());
  const double done = static_cast<double>(step) / (per_epoch * o_.epochs);
  const bool binary = o_.net.is_binary();
  state_.net->progress = done;
  state_.net->real_weights = binary && done < o_.stage_one;
  set_rate(*optimizer_, o_.learning_rate, done, step,
           binary && !state_.net->real_weights ? 0.0 : o_.weight_decay);
}

/// L = Σ_b λ_b [ (1 − d)·CE + d·distillation + α·HED + auxiliary ].
Tensor Run::loss(const TensorBatch& batch, double* correct) {
  Tensor features = batch.features;
  const int labels = static_cast<int>(state_.info.labels.size());
  Tensor wanted = torch::one_hot(batch.labels, labels).to(torch::kFloat32);
  wanted = wanted * (1 - o_.label_smoothing) + o_.label_smoothing / labels;
  const bool mixed = torch::rand({1}).item<double>() < o_.mixup_chance;
  if (mixed) {
    const double u = torch::rand({1}).item<double>();
    const double share = 0.5 + 0.5 * u;
    const Tensor order =
        torch::randperm(features.size(0), torch::TensorOptions().dtype(torch::kInt64).device(device_));
    features = share * features + (1 - share) * features.index_select(0, order);
    wanted = share * wanted + (1 - share) * wanted.index_select(0, order);
  }
  BranchOutput teacher;
  std::vector<Tensor> hed;
  Tensor trust;  // [B] share of the distillation: none where the teacher is wrong
  if (!teachers_.empty()) {
    torch::NoGradGuard no_grad;
    teacher = teach(features);
    if (o_.hed > 0) {
      hed = o_.enhance ? hed_targets(teacher.features) : plain_targets(teacher.features);
    }
    trust = torch::full_like(batch.labels, o_.distill, torch::kFloat32);
    if (!mixed) {
      trust = trust * teacher.logits.argmax(1).eq(batch.labels);
    }
  }
  const auto out = state_.net->forward(features, o_.net.branches());
  Tensor total = torch::zeros({}, features.options());
  for (std::size_t b = 0; b < out.size(); ++b) {
    const Tensor entropy = -(wanted * torch::log_softmax(out[b].logits, 1)).sum(1);
    Tensor branch = entropy.mean();
    if (!teachers_.empty()) {
      branch =
          ((1 - trust) * entropy + trust * logit_loss(out[b].logits, teacher.logits, o_.temperature)).mean();
      if (o_.hed > 0) {
        branch = branch + o_.hed * hed_loss(out[b].features, hed, o_.net.branch_blocks(static_cast<int>(b)));
      }
    }
    if (o_.word_weight > 0 && o_.net.words > 0 && !mixed && (batch.words >= 0).any().item<bool>()) {
      branch = branch + o_.word_weight * torch::nll_loss(torch::log_softmax(out[b].words, 1), batch.words, {},
                                                         at::Reduction::Mean, -1);
    }
    total = total + o_.branch_weights[b] * branch;
  }
  if (state_.net->rad.defined()) {
    total = total + o_.rad_weight / state_.net->rad_terms * state_.net->rad;
  }
  *correct += out[0].logits.argmax(1).eq(batch.labels).to(torch::kFloat32).mean().item<double>();
  return total;
}

HardNegatives Run::hard_negatives(int number) {
  HardNegatives hard;
  state_.average->real_weights = state_.net->real_weights;
  Random random{o_.batch.seed, 0x4A8D, static_cast<std::uint64_t>(number)};
  if (o_.batch.mix.hard_share > 0) {
    hard.sounds =
        find_hard_windows(*state_.average, state_.info.features, dataset_, random, o_.batch.threads);
  }
  if (batcher_->negatives() != nullptr) {
    hard.positions = find_hard_negatives(*state_.average, *batcher_->negatives(), random);
  }
  if (o_.batch.mix.hard_share > 0 || batcher_->negatives() != nullptr) {
    spdlog::info("{} hard negatives found", hard.sounds.size() + hard.positions.size());
  }
  return hard;
}

double Run::epoch(int number) {
  const auto start = std::chrono::steady_clock::now();
  torch::manual_seed(o_.batch.seed * 1000003 + static_cast<std::uint64_t>(number));
  batcher_->begin_epoch(static_cast<std::uint64_t>(number), hard_negatives(number));
  state_.net->train();
  const auto batches = batcher_->batches_per_epoch();
  double sum = 0;
  double correct = 0;
  {
    Progress progress(fmt::format("epoch {}", number + 1), batches);
    for (std::size_t i = 0; i < batches; ++i) {
      const std::int64_t step = static_cast<std::int64_t>(number) * static_cast<std::int64_t>(batches) +
                                static_cast<std::int64_t>(i);
      set_schedule(step);
      TensorBatch batch = to_tensors(batcher_->next());
      batch = {batch.features.to(device_), batch.labels.to(device_), batch.words.to(device_)};
      const Tensor total = loss(batch, &correct);
      optimizer_->zero_grad();
      total.backward();
      optimizer_->step();
      if (!state_.net->real_weights) {
        state_.net->constrain();
      }
      update_average(*state_.average, *state_.net, step, o_.average_decay);
      sum += total.item<double>();
      progress.step();
    }
  }
  const double mean_loss = sum / static_cast<double>(batches);
  if (!std::isfinite(mean_loss)) {
    throw Error(ErrorKind::internal,
                fmt::format("epoch {}: the loss is {}, expected a number: lower --learning-rate", number + 1,
                            mean_loss));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  log(number, mean_loss, 100 * correct / static_cast<double>(batches), seconds);
  return seconds;
}

void Run::log(int number, double mean_loss, double accuracy, double seconds) {
  state_.average->real_weights = state_.net->real_weights;
  const auto branches = evaluate(*state_.average, validation_);
  std::string line = fmt::format("{}\t{:.4f}\t{:.2f}", number + 1, mean_loss, accuracy);
  for (const double branch : branches) {
    line += fmt::format("\t{:.2f}", branch);
  }
  line += fmt::format("\t{:.0f}\n", seconds);
  std::filesystem::path path = o_.out;
  std::ofstream file(path.replace_extension(".log"), number == 0 ? std::ios::trunc : std::ios::app);
  if (number == 0) {
    const char* columns[] = {"\tvalidation_full", "\tvalidation_half", "\tvalidation_quarter"};
    file << "epoch\tloss\ttraining_full";
    for (std::size_t b = 0; b < branches.size(); ++b) file << columns[b];
    file << "\tseconds\n";
  }
  file << line << std::flush;
  if (!file) {
    throw Error(ErrorKind::io, path.string() + ": cannot be written");
  }
  spdlog::info("epoch {}/{}: {}", number + 1, o_.epochs, line.substr(0, line.size() - 1));
}

void Run::epochs() {
  const int end = o_.stop_after > 0 ? std::min(o_.stop_after, o_.epochs) : o_.epochs;
  for (int number = state_.info.epochs_done; number < end; ++number) {
    const double seconds = epoch(number);
    state_.info.epochs_done = number + 1;
    save_checkpoint(o_.out, state_, optimizer_.get());
    spdlog::debug("{} left", clock_text(seconds * (o_.epochs - number - 1)));
  }
}

}  // namespace

std::vector<double> evaluate(NetImpl& net, const std::vector<Batch>& batches) {
  torch::NoGradGuard no_grad;
  const bool training = net.is_training();
  const torch::Device device = net.parameters().front().device();
  net.eval();
  const auto count = static_cast<std::size_t>(net.options.branches());
  std::vector<double> correct(count);
  double total = 0;
  for (const Batch& raw : batches) {
    const TensorBatch batch = to_tensors(raw);
    const auto out = net.forward(batch.features.to(device), static_cast<int>(count));
    for (std::size_t b = 0; b < count; ++b) {
      correct[b] += out[b].logits.argmax(1).cpu().eq(batch.labels).sum().item<double>();
    }
    total += static_cast<double>(raw.size);
  }
  net.train(training);
  for (double& c : correct) {
    c = 100 * c / std::max(total, 1.0);
  }
  return correct;
}

void train(const Dataset& dataset, const TrainOptions& options) {
  Run(dataset, options).epochs();
}

}  // namespace kwsd::train
