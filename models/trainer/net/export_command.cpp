// kwsd-train export, kwsd-train test: convert networks to model files, and measure their accuracy.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "app/base/atomic_file.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/model/model_file.h"
#include "engine/model/model_size.h"
#include "models/trainer/data/options.h"
#include "models/trainer/data/tensors.h"
#include "models/trainer/net/export.h"
#include "models/trainer/net/golden.h"
#include "models/trainer/net/judge.h"
#include "models/trainer/net/provenance.h"
#include "models/trainer/net/train_command.h"
#include "models/trainer/stream/stream_judge.h"

namespace kwsd::train {
namespace {

/// Accuracy on the validation clips that rounding to integers may cost, points; two clips where those are
/// more.
double allowed_loss(std::int64_t clips) {
  return std::max(1.0, 200.0 / static_cast<double>(clips));
}
/// Clips on which the shifts are chosen.
constexpr std::int64_t calibration_clips = 512;
/// Batches of 32 streams on which a streaming model is judged: some 600 words.
constexpr std::size_t judged_batches = 24;
/// Of the words in noisy streams that rounding may lose, points, at one threshold: posteriors that rounding
/// lowers a little cost words there; thresholds are chosen after the export.
double allowed_stream_loss(std::int64_t words) {
  return 3.0 + 200.0 / static_cast<double>(std::max<std::int64_t>(1, words));
}

struct ExportArguments {
  DataOptions data;
  std::filesystem::path checkpoint, model, out, thresholds, weights, json;
  std::string name;
};

/// The clips of one split, in windows of so many frames, or as samples.
std::vector<Batch> clips_of(const Dataset& dataset, Split split, const FeatureParams& features, int frames,
                            bool samples = false) {
  BatchOptions options;
  options.frames = frames;
  options.samples = samples;
  return Batcher(dataset, features, options).evaluation(split);
}

std::vector<Batch> test_clips(const Dataset& dataset, const FeatureParams& features, int frames,
                              bool samples = false) {
  auto clips = clips_of(dataset, Split::test, features, frames, samples);
  if (clips.empty()) {
    throw Error(ErrorKind::bad_data,
                "the test split has no recording, expected at least one (--test-fraction)");
  }
  return clips;
}

torch::Tensor calibration_frames(const std::vector<Batch>& batches) {
  std::vector<torch::Tensor> parts;
  std::int64_t count = 0;
  for (const Batch& batch : batches) {
    parts.push_back(to_tensors(batch).features);
    count += parts.back().size(0);
    if (count >= calibration_clips) break;
  }
  return torch::cat(parts);
}

/// Of the streams for judging, the first half chooses the shifts.
torch::Tensor joined_frames(const std::vector<StreamTargets>& streams) {
  std::vector<torch::Tensor> parts;
  for (std::size_t i = 0; i < (streams.size() + 1) / 2; ++i) {
    parts.push_back(streams[i].features);
  }
  return torch::cat(parts);
}

/// Thresholds from another file: a model that was trained on everything has no recordings left to choose them
/// on.
void take_thresholds(Model& model, const std::filesystem::path& path) {
  const Model other = load_model(path);
  const auto same = [](const Label& a, const Label& b) { return a.name == b.name && a.kind == b.kind; };
  if (!std::equal(model.labels.begin(), model.labels.end(), other.labels.begin(), other.labels.end(), same)) {
    throw Error(ErrorKind::bad_data, path.string() + ": has other labels than the checkpoint");
  }
  for (std::size_t b = 0; b < branch_count; ++b) {
    model.branches[b].thresholds = other.branches[b].thresholds;
  }
}

/// Compares the file as the daemon reads it with the trainer's integers and with the network as trained.
void check(const std::filesystem::path& path, NetImpl& net, const std::vector<Batch>& clips) {
  const auto model = std::make_shared<const Model>(load_model(path));
  const torch::Tensor labels = true_labels(clips);
  const Posteriors engine = engine_posteriors(model, clips);
  require_same(engine, integer_posteriors(*model, clips));
  const Posteriors trained = trained_posteriors(net, clips);
  const double allowed = allowed_loss(labels.size(0));
  for (std::size_t b = 0; b < engine.size(); ++b) {
    const double same =
        100 * engine[b].argmax(1).eq(trained[b].argmax(1)).to(torch::kFloat64).mean().item<double>();
    const double before = accuracy(trained[b], labels);
    const double after = accuracy(engine[b], labels);
    spdlog::info(
        "{:7}: validation {:.2f} % as trained, {:.2f} % as exported; same top-1 on {:.2f} % of {} clips, "
        "posteriors differ by {:.4f} in the mean; engine and trainer's integers agree on every clip",
        branch_name(static_cast<BranchId>(b)), before, after, same, labels.size(0),
        (engine[b] - trained[b]).abs().mean().item<double>());
    if (after < before - allowed - 1e-9) {
      throw Error(ErrorKind::internal,
                  fmt::format("{}: the {} branch lost {:.2f} points in the export, expected at most {:.1f}",
                              path.string(), branch_name(static_cast<BranchId>(b)), before - after, allowed));
    }
  }
}

/// The same for a streaming model: every step of whole streams.
void check_streams(const std::filesystem::path& path, NetImpl& net,
                   const std::vector<StreamTargets>& streams) {
  const auto model = std::make_shared<const Model>(load_model(path));
  const auto figures = judge_streams(model, net, streams);
  for (std::size_t b = 0; b < figures.size(); ++b) {
    const StreamExportFigures& f = figures[b];
    const auto percent = [](std::int64_t part, std::int64_t whole) {
      return 100.0 * static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(1, whole));
    };
    const double lost = percent(f.found_trained - f.found_exported, f.words);
    spdlog::info(
        "{:7}: validation streams: {:.2f} % of {} words as trained, {:.2f} % as exported; same top-1 on "
        "{:.2f} % of {} "
        "steps, posteriors differ by {:.4f} in the mean; engine and trainer's integers agree on every step, "
        "bit for bit",
        branch_name(static_cast<BranchId>(b)), percent(f.found_trained, f.words), f.words,
        percent(f.found_exported, f.words), percent(f.same_top, f.steps), f.steps, f.mean_difference);
    if (lost > allowed_stream_loss(f.words)) {
      throw Error(ErrorKind::internal,
                  fmt::format("{}: the {} branch lost {:.2f} points in the export, expected at most {:.1f}",
                              path.string(), branch_name(static_cast<BranchId>(b)), lost,
                              allowed_stream_loss(f.words)));
    }
  }
}

}  // namespace

void export_checkpoint(const Dataset& dataset, const ExportOptions& a) {
  Checkpoint checkpoint = load_checkpoint(a.checkpoint);
  const NetInfo& info = checkpoint.info;
  require_labels(a.checkpoint, info.labels, dataset.labels());
  std::vector<Batch> clips;
  std::vector<StreamTargets> streams;
  if (dataset.clips(Split::validation).empty()) {
    spdlog::warn("the validation set is empty; checking the export on training data");
  }
  if (info.options.causal) {
    streams = judging_streams(dataset, info.features, info.options, judged_batches);
  } else {
    clips = clips_of(dataset, Split::validation, info.features, info.options.frames());
    clips = clips.empty() ? clips_of(dataset, Split::train, info.features, info.options.frames()) : clips;
  }
  Model model =
      to_model(checkpoint, a.name, info.options.causal ? joined_frames(streams) : calibration_frames(clips));
  model.provenance = provenance(checkpoint.info);
  if (!a.thresholds.empty()) {
    take_thresholds(model, a.thresholds);
  }
  std::filesystem::path trial = a.out;
  trial += ".unchecked";
  const std::size_t bytes = write_model(trial, model);
  if (info.options.causal) {
    check_streams(trial, *checkpoint.average, streams);
  } else {
    check(trial, *checkpoint.average, clips);
  }
  std::filesystem::rename(trial, a.out);
  const std::int64_t numbers = float32_parameters(model);
  spdlog::info("{} has {} bytes; its {} parameters would take {} bytes as float32, {:.2f} times as many",
               a.out.string(), bytes, numbers, 4 * numbers,
               4.0 * static_cast<double>(numbers) / static_cast<double>(bytes));
  if (!a.weights.empty()) {
    checkpoint.info.recipe = model.provenance;
    save_checkpoint(a.weights, checkpoint, nullptr);
  }
}

namespace {

void run_export(const ExportArguments& a) {
  require_name(a.name);
  export_checkpoint(Dataset(a.data), {a.checkpoint, a.out, a.thresholds, a.weights, a.name});
}

/// Prints the network's predictions for the test clips to standard output, and to --json.
void write_report(const Posteriors& posteriors, const std::vector<Batch>& clips,
                  const std::vector<Label>& names, const std::filesystem::path& json) {
  const torch::Tensor labels = true_labels(clips);
  std::fputs(report(posteriors, labels, names).c_str(), stdout);
  if (!json.empty()) {
    const std::string text = report_json(posteriors, labels, names) + "\n";
    AtomicFile file(json);
    file.write(text.data(), text.size());
    file.commit();
  }
}

void run_test(const ExportArguments& a) {
  const Dataset dataset(a.data);
  if (!a.model.empty()) {
    const auto model = std::make_shared<const Model>(load_model(a.model));
    require_labels(a.model, model->labels, dataset.labels());
    const auto clips = test_clips(dataset, model->features, model->window_frames());
    write_report(engine_posteriors(model, clips), clips, model->labels, a.json);
    return;
  }
  Checkpoint checkpoint = load_checkpoint(a.checkpoint);
  const NetInfo& info = checkpoint.info;
  require_labels(a.checkpoint, info.labels, dataset.labels());
  const auto clips = test_clips(dataset, info.features, info.options.frames(), info.options.takes_samples());
  write_report(trained_posteriors(*checkpoint.average, clips), clips, info.labels, a.json);
}

}  // namespace

void add_export_command(CLI::App& app) {
  const auto a = std::make_shared<ExportArguments>();
  CLI::App* c = app.add_subcommand(
      "export", "Export a checkpoint as a model file, checked with the network of the daemon");
  c->add_option("--checkpoint", a->checkpoint, "Of kwsd-train train")->type_name("FILE")->required();
  c->add_option("--name", a->name, "Name of the model")->type_name("NAME")->required();
  c->add_option("--out", a->out, "Model file to write")->type_name("FILE")->required();
  c->add_option("--thresholds", a->thresholds, "Model file to take the thresholds from")->type_name("FILE");
  c->add_option("--weights", a->weights, "Small checkpoint to write, too: for others to start from (--init)")
      ->type_name("FILE");
  add_data_options(*c, a->data);
  c->callback([a] { run_export(*a); });
}

void add_golden_command(CLI::App& app) {
  const auto a = std::make_shared<ExportArguments>();
  CLI::App* c = app.add_subcommand("golden", "Print the output of each layer of a model file, for the tests");
  c->add_option("--model", a->model, "Model file")->type_name("FILE")->required();
  c->add_option("--out", a->out, "Text file to write")->type_name("FILE")->required();
  c->callback([a] { write_golden(load_model(a->model), a->out); });
}

void add_test_command(CLI::App& app) {
  const auto a = std::make_shared<ExportArguments>();
  CLI::App* c = app.add_subcommand("test", "Measure accuracy and confusions on the test clips, as Markdown");
  auto* checkpoint = c->add_option("--checkpoint", a->checkpoint, "Of kwsd-train train")->type_name("FILE");
  c->add_option("--model", a->model, "Model file")->type_name("FILE")->excludes(checkpoint);
  c->add_option("--json", a->json, "File to write the same to, as JSON")->type_name("FILE");
  add_data_options(*c, a->data);
  c->callback([a] {
    if (a->model.empty() == a->checkpoint.empty()) {
      throw Error(ErrorKind::usage, "test: expected --model or --checkpoint");
    }
    run_test(*a);
  });
}

}  // namespace kwsd::train
