#include "app/commands/model_info.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/kernels/kernels.h"
#include "engine/model/capabilities.h"
#include "engine/model/model_size.h"

namespace kwsd {

using Json = nlohmann::ordered_json;

namespace {

std::string describe_kind(LayerKind kind, int planes) {
  return kind == LayerKind::bitn ? fmt::format("1-bit on {}-bit", planes) : std::string(kind_name(kind));
}

const char* label_kind_name(LabelKind kind) {
  return kind == LabelKind::keyword ? "keyword" : kind == LabelKind::unknown ? "unknown" : "silence";
}

/// Decimals as users write them: 0.6, not 0.60000002384.
double tidy(float value) {
  return std::round(static_cast<double>(value) * 1e6) / 1e6;
}

std::int64_t weight_count(const Weights& weights) {
  return static_cast<std::int64_t>(weights.inputs) * weights.outputs;
}

Json describe_layer(std::string name, std::string kind, int inputs, int outputs, std::int64_t weights) {
  return {{"name", std::move(name)},
          {"kind", std::move(kind)},
          {"inputs", inputs},
          {"outputs", outputs},
          {"weights", weights}};
}

Json describe_layers(const Model& model) {
  Json layers = Json::array();
  int convs = 0;
  for (std::size_t i = 0; i < model.front_end.size(); ++i) {
    const ConvLayer& layer = model.front_end[i];
    const std::string name = layer.output == OutputKind::residual ? "linear"
                             : layer.output == OutputKind::rows   ? "spectrum"
                                                                  : fmt::format("conv{}", ++convs);
    layers.push_back(describe_layer(name, describe_kind(layer.weights.kind, layer.weights.planes),
                                    layer.weights.inputs, layer.weights.outputs,
                                    weight_count(layer.weights)));
  }
  for (std::size_t i = 0; i < model.blocks.size(); ++i) {
    const BlockWeights& block = model.blocks[i];
    const auto taps = static_cast<std::int64_t>(block.memory.size());
    layers.push_back(describe_layer(fmt::format("block{}.memory", i), describe_kind(block.memory_kind, 1),
                                    memory_taps, model.memory_size, taps));
    for (const auto& [name, bits] :
         {std::pair{"expand", &block.expand}, std::pair{"project", &block.project}}) {
      layers.push_back(describe_layer(fmt::format("block{}.{}", i, name), "1-bit", bits->cols, bits->rows,
                                      static_cast<std::int64_t>(bits->cols) * bits->rows));
    }
  }
  layers.push_back(describe_layer("classifier", describe_kind(model.classifier.kind, 1),
                                  model.classifier.inputs, model.classifier.outputs,
                                  weight_count(model.classifier)));
  return layers;
}

double step_seconds(const Model& model, int steps) {
  const double samples = static_cast<double>(model.features.hop_samples) * model.step_stride_frames();
  return steps * samples / model.features.sample_rate_hz;
}

double window_seconds(const Model& model) {
  return static_cast<double>(model.window_samples()) / model.features.sample_rate_hz;
}

/// The fields that only a streaming model has.
Json describe_stream(const Model& model) {
  Json stream;
  for (int b = 0; b < branch_count; ++b) {
    const auto id = static_cast<BranchId>(b);
    stream["reach_seconds"][branch_name(id)] = step_seconds(model, model.reach_steps(id));
    stream["lookahead_seconds"][branch_name(id)] = step_seconds(model, model.lookahead_steps(id));
  }
  return stream;
}

Json describe_detector(const DetectorParams& p) {
  return {{"smoothing_seconds", p.smoothing_seconds},
          {"rivals_share", p.rivals_share},
          {"min_windows", p.min_windows},
          {"refractory_seconds", p.refractory_seconds},
          {"rearm_ratio", p.rearm_ratio},
          {"warm_up_seconds", p.warm_up_seconds},
          {"word_seconds", p.word_seconds}};
}

/// Gate null: of a base, whose vectors are for words of one's own.
Json describe_second(const SecondStage& second) {
  const Model& net = second.net;
  Json gate;
  if (second.gate < never_opens) {
    gate = tidy(second.gate);
  }
  return {{"gate", gate},
          {"window_seconds", window_seconds(net)},
          {"step_seconds", step_seconds(net, 1)},
          {"steps", net.steps},
          {"memory_size", net.memory_size},
          {"hidden_size", net.hidden_size},
          {"layers", describe_layers(net)}};
}

std::string layers_text(const Json& layers) {
  std::string text;
  for (const Json& layer : layers) {
    text += fmt::format("  {:<16}{:>6} {:>6} {:>9}  {}\n", layer["name"].get<std::string>(),
                        layer["inputs"].get<int>(), layer["outputs"].get<int>(),
                        layer["weights"].get<std::int64_t>(), layer["kind"].get<std::string>());
  }
  return text;
}

std::string second_stage_text(const Json& second, bool details) {
  const Json& gate = second["gate"];
  return fmt::format("second     {}: {} s in {} steps of {} s; memory size {}, hidden size {}\n",
                     gate.is_null()
                         ? "for words of one's own"
                         : fmt::format("where the keywords' posteriors sum to {}", gate.get<double>()),
                     second["window_seconds"].get<double>(), second["steps"].get<int>(),
                     second["step_seconds"].get<double>(), second["memory_size"].get<int>(),
                     second["hidden_size"].get<int>()) +
         (details ? layers_text(second["layers"]) : "");
}

Json describe_branches(const Model& model) {
  Json branches = Json::object();
  for (int b = 0; b < branch_count; ++b) {
    const Branch& branch = model.branches[static_cast<std::size_t>(b)];
    Json thresholds = Json::object();
    for (std::size_t n = 0; n < model.labels.size(); ++n) {
      if (model.labels[n].kind == LabelKind::keyword) {
        thresholds[model.labels[n].name] = tidy(branch.thresholds[n]);
      }
    }
    branches[branch_name(static_cast<BranchId>(b))] = {{"blocks", branch.blocks},
                                                       {"thresholds", std::move(thresholds)}};
  }
  return branches;
}

/// JSON if the text is JSON of a reasonable depth (writing recurses), otherwise the text unchanged.
Json describe_provenance(const std::string& text) {
  constexpr int max_depth = 32;
  const auto check_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth) {
      throw std::length_error("too deep");
    }
    return true;
  };
  try {
    return Json::parse(text, check_depth);
  } catch (const std::exception&) {
    return text;
  }
}

std::string labels_text(const Json& labels, const char* kind) {
  std::string list;
  for (const Json& label : labels) {
    if (label["kind"] == kind) {
      list += (list.empty() ? "" : ", ") + label["name"].get<std::string>();
    }
  }
  return list.empty() ? "none" : list;
}

std::string branches_text(const Json& branches) {
  std::string text;
  for (const auto& [name, branch] : branches.items()) {
    text += fmt::format("  {:<8} {} of the blocks; thresholds:", name, branch["blocks"].size());
    for (const auto& [word, threshold] : branch["thresholds"].items()) {
      text += fmt::format(" {}={}", word, threshold.get<double>());
    }
    text += '\n';
  }
  return text;
}

}  // namespace

Json describe_model(const Model& model, const std::filesystem::path& file) {
  const FeatureParams& features = model.features;
  Json info;
  info["name"] = model.name;
  info["file"] = file.string();
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file));
  info["bytes"] = bytes;
  Json layers = describe_layers(model);
  info["float32_bytes"] = 4 * float32_parameters(model);
  info["compression"] =
      std::round(10.0 * info["float32_bytes"].get<double>() / static_cast<double>(bytes)) / 10.0;
  for (const Label& label : model.labels) {
    info["labels"].push_back({{"name", label.name}, {"kind", label_kind_name(label.kind)}});
  }
  info["features"] = {
      {"sample_rate_hz", features.sample_rate_hz}, {"frame_samples", features.frame_samples},
      {"hop_samples", features.hop_samples},       {"fft_size", features.fft_size},
      {"mel_bands", features.mel_bands},           {"coefficients", features.coefficients},
      {"mel_low_hz", tidy(features.mel_low_hz)},   {"mel_high_hz", tidy(features.mel_high_hz)}};
  info["window_seconds"] = window_seconds(model);
  info["step_seconds"] = step_seconds(model, 1);
  info["steps"] = model.steps;
  info["memory_size"] = model.memory_size;
  info["hidden_size"] = model.hidden_size;
  info["layers"] = std::move(layers);
  info["branches"] = describe_branches(model);
  if (model.streaming) {
    info["stream"] = describe_stream(model);
  }
  info["detector"] = describe_detector(model.detector);
  if (model.second) {
    info["second_stage"] = describe_second(*model.second);
  }
  info["provenance"] = describe_provenance(model.provenance);
  for (const Kernels* kernels : all_kernels()) {
    info["kernels"].push_back({{"name", kernels->name},
                               {"description", kernels->description},
                               {"supported", kernels->supported()}});
  }
  return info;
}

std::string describe_text(const Json& info, bool details) {
  const Json& features = info["features"];
  std::string text =
      fmt::format("{} ({})\n", info["name"].get<std::string>(), info["file"].get<std::string>());
  text += fmt::format("size       {} bytes; in float32 {} bytes, {} times as much\n",
                      info["bytes"].get<std::int64_t>(), info["float32_bytes"].get<std::int64_t>(),
                      info["compression"].get<double>());
  text += fmt::format("keywords   {}\n", labels_text(info["labels"], "keyword"));
  text += fmt::format("others     {}, {}\n", labels_text(info["labels"], "unknown"),
                      labels_text(info["labels"], "silence"));
  text +=
      fmt::format("features   {} MFCC from {} mel bands, {} to {} Hz; {}-sample frames every {} at {} Hz\n",
                  features["coefficients"].get<int>(), features["mel_bands"].get<int>(),
                  features["mel_low_hz"].get<double>(), features["mel_high_hz"].get<double>(),
                  features["frame_samples"].get<int>(), features["hop_samples"].get<int>(),
                  features["sample_rate_hz"].get<int>());
  const bool streaming = info.contains("stream");
  text += fmt::format("{:<10} {} s in {} steps of {} s\n", streaming ? "classifier" : "window",
                      info["window_seconds"].get<double>(), info["steps"].get<int>(),
                      info["step_seconds"].get<double>());
  if (streaming) {
    text += "stream     reaches back";
    for (const auto& [branch, seconds] : info["stream"]["reach_seconds"].items()) {
      text += fmt::format(" {:.3g} s ({})", seconds.get<double>(), branch);
    }
    text += '\n';
  }
  text += fmt::format("detector   smoothing {} s\n", info["detector"]["smoothing_seconds"].get<double>());
  text += fmt::format("network    memory size {}, hidden size {}\n", info["memory_size"].get<int>(),
                      info["hidden_size"].get<int>());
  if (details) {
    text += "layers     inputs outputs  weights  kind\n" + layers_text(info["layers"]);
  }
  if (info.contains("second_stage")) {
    text += second_stage_text(info["second_stage"], details);
  }
  text += "branches\n" + branches_text(info["branches"]);
  text += "kernel sets of this program\n";
  for (const Json& kernels : info["kernels"]) {
    text += fmt::format("  {:<10} {}{}\n", kernels["name"].get<std::string>(),
                        kernels["description"].get<std::string>(),
                        kernels["supported"].get<bool>() ? "" : " (not on this CPU)");
  }
  if (!details) {
    return text + "With --details also each layer, and the data and options of the training.\n";
  }
  text += "provenance " + info["provenance"].dump(2, ' ', false, Json::error_handler_t::replace);
  return text + '\n';
}

}  // namespace kwsd
