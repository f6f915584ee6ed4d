#include "models/trainer/stream/second_command.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "engine/model/model_size.h"
#include "engine/nn/network.h"
#include "models/trainer/data/options.h"
#include "models/trainer/net/checkpoint.h"
#include "models/trainer/net/export.h"
#include "models/trainer/net/integer_net.h"
#include "models/trainer/net/provenance.h"
#include "models/trainer/second/vectors.h"
#include "models/trainer/stream/stream_judge.h"

namespace kwsd::train {
namespace {

using torch::Tensor;

/// Batches of 32 streams: one chooses the shifts, the others are judged.
constexpr std::size_t stream_batches = 6;
/// Of the windows' top-1 that rounding may change, percent.
constexpr double allowed_changes = 5;

struct SecondArguments {
  DataOptions data;
  std::filesystem::path checkpoint, first, out;
  std::string name;
  float gate = 0.15F;
};

/// Windows of `frames` frames out of streams, one in each half second: [windows][frames][coefficients].
Tensor windows_of(const std::vector<StreamTargets>& streams, std::int64_t frames) {
  constexpr std::int64_t apart = 20;  // frames
  std::vector<Tensor> all;
  for (const StreamTargets& t : streams) {
    for (std::int64_t from = 0; from + frames <= t.features.size(1); from += apart) {
      all.push_back(t.features.slice(1, from, from + frames));
    }
  }
  return torch::cat(all);
}

Tensor engine_logits(const Model& net, const Tensor& windows) {
  const Network network(std::make_shared<const Model>(net), select_kernels("auto"));
  Stream stream(network);
  const Tensor frames = windows.to(torch::kInt8).contiguous();
  const auto coefficients = static_cast<std::size_t>(windows.size(2));
  std::vector<float> posteriors(net.labels.size());
  Tensor out = torch::zeros({windows.size(0), static_cast<std::int64_t>(posteriors.size())});
  const std::int8_t* frame = frames.data_ptr<std::int8_t>();
  for (std::int64_t i = 0; i < windows.size(0); ++i) {
    stream.reset();
    for (std::int64_t f = 0; f < windows.size(1); ++f, frame += coefficients) {
      stream.push_frame({frame, coefficients});
    }
    stream.classify(BranchId::full, posteriors);
    const auto logits = stream.logits();
    std::copy(logits.begin(), logits.end(), out.data_ptr<float>() + i * out.size(1));
  }
  return out;
}

/// Throws Error (internal) unless the engine agrees with the trainer's integers bit for bit, and both with
/// the net as trained but for few windows.
void check_second(const Model& net, NetImpl& trained, const Tensor& windows) {
  const Tensor engine = engine_logits(net, windows);
  const Tensor integer = integer::logits(net, BranchId::full, windows);
  if (!torch::equal(engine, integer)) {
    throw Error(
        ErrorKind::internal,
        fmt::format("export: the engine differs from the trainer's integers by up to {:.3g} in the logits "
                    "of a window, expected no difference",
                    (engine - integer).abs().max().item<double>()));
  }
  torch::NoGradGuard no_grad;
  const Tensor steps = trained.forward_streams(windows, {0})[0];
  const Tensor last = steps.select(1, steps.size(1) - 1);
  const double same = 100 * last.argmax(1).eq(integer.argmax(1)).to(torch::kFloat64).mean().item<double>();
  spdlog::info(
      "same top-1 as trained on {:.2f} % of {} windows, posteriors differ by {:.4f} in the mean; engine and "
      "trainer's integers agree on every window, bit for bit",
      same, windows.size(0),
      (torch::softmax(integer, 1) - torch::softmax(last, 1)).abs().mean().item<double>());
  if (same < 100 - allowed_changes) {
    throw Error(ErrorKind::internal,
                fmt::format("export: the top-1 changed on {:.2f} % of the windows, expected "
                            "at most {:.0f} %",
                            100 - same, allowed_changes));
  }
}

void export_second(const SecondArguments& a) {
  if (!a.name.empty()) {
    require_name(a.name);
  }
  const Dataset dataset(a.data);
  Checkpoint checkpoint = load_checkpoint(a.checkpoint);
  Model model = load_model(a.first);
  require_labels(a.checkpoint, checkpoint.info.labels, dataset.labels());
  require_labels(a.first, model.labels, dataset.labels());
  if (!model.streaming) {
    throw Error(ErrorKind::usage,
                "--first: " + a.first.string() + " sees windows, expected a streaming model");
  }
  auto streams = judging_streams(dataset, model.features, checkpoint.info.options, stream_batches);
  auto second = std::make_shared<SecondStage>();
  second->gate = a.gate;
  second->net = to_second_stage(checkpoint, model.features, streams.front().features);
  streams.erase(streams.begin());
  check_second(second->net, *checkpoint.average, windows_of(streams, second->net.window_frames()));
  model.second = std::move(second);
  add_second_stage(model, checkpoint.info);
  model.name = a.name.empty() ? model.name : a.name;
  const std::size_t bytes = write_model(a.out, model);
  const auto written = load_model(a.out);  // as the daemon reads it
  spdlog::info(
      "{} has {} bytes, {} numbers in the second stage, which sees {} frames; its thresholds are those of "
      "{}: choose new ones with calibrate",
      a.out.string(), bytes, float32_parameters(written.second->net), written.second->net.window_frames(),
      a.first.string());
}

}  // namespace

void add_export_second_command(CLI::App& app) {
  const auto a = std::make_shared<SecondArguments>();
  CLI::App* c = app.add_subcommand(
      "export-second", "Add a second stage to a streaming model, checked with the network of the daemon");
  c->add_option("--checkpoint", a->checkpoint, "Of kwsd-train train-second --int8")
      ->type_name("FILE")
      ->required();
  c->add_option("--first", a->first, "Streaming model file")->type_name("FILE")->required();
  c->add_option("--name", a->name, "Name of the model [that of the first]")->type_name("NAME");
  c->add_option("--gate", a->gate, "Sum of the keywords' posteriors that opens the second stage")
      ->check(between(0, 1))
      ->capture_default_str();
  c->add_option("--out", a->out, "Model file to write")->type_name("FILE")->required();
  add_data_options(*c, a->data);
  c->callback([a] { export_second(*a); });
}

void add_export_vectors_command(CLI::App& app) {
  struct Arguments {
    std::filesystem::path second, base, out;
  };
  const auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("export-vectors",
                                   "Give a base the vectors of a second stage, for words of one's own");
  c->add_option("--second", a->second, "Model whose second stage has the vectors")
      ->type_name("FILE")
      ->required();
  c->add_option("--base", a->base, "Window net to give them to")->type_name("FILE")->required();
  c->add_option("--out", a->out, "Model file to write")->type_name("FILE")->required();
  c->callback([a] {
    Model base = load_model(a->base);
    add_vectors(base, load_model(a->second));
    spdlog::info("{} has {} bytes", a->out.string(), write_model(a->out, base));
  });
}

}  // namespace kwsd::train
