#include "models/trainer/calibrate/calibrate_command.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/base/atomic_file.h"
#include "app/enroll/negative_streams.h"
#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "models/trainer/data/options.h"

namespace kwsd::train {
namespace {

namespace fs = std::filesystem;

void write_whole(const fs::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// The model with the thresholds of the report; its provenance records the data used to choose them.
Model with_thresholds(Model model, const CalibrationReport& report) {
  for (std::size_t b = 0; b < branch_count; ++b) {
    model.branches[b].thresholds = report.branches[b].thresholds;
  }
  nlohmann::ordered_json provenance = nlohmann::ordered_json::parse(model.provenance, nullptr, false);
  if (!provenance.is_object()) {
    provenance = nlohmann::ordered_json::object();
  }
  nlohmann::ordered_json figures = nlohmann::ordered_json::parse(report_json(report));
  figures.erase("branches");  // already in the report, and a model file should be small
  provenance["calibration"] = std::move(figures);
  model.provenance = provenance.dump();
  return model;
}

std::pair<std::string, float> word_and_number(const std::string& text) {
  const auto at = text.find('=');
  char* end = nullptr;
  const float number = at == std::string::npos ? -1.0F : std::strtof(text.c_str() + at + 1, &end);
  if (end == nullptr || *end != '\0' || at == 0 || at + 1 == text.size() || !(number >= 0 && number <= 1)) {
    throw CLI::ValidationError("--highest", "found '" + text + "', expected WORD=X with X from 0 to 1");
  }
  return {text.substr(0, at), number};
}

void warn_of_unheard(const Model& model, const Dataset& dataset) {
  const auto& clips = dataset.clips(Split::validation);
  for (const Label& label : model.labels) {
    const auto says = [&](const Clip& c) { return dataset.word_of(c) == label.name; };
    if (label.kind == LabelKind::keyword && std::none_of(clips.begin(), clips.end(), says)) {
      spdlog::warn("keyword '{}': the validation split has no recordings; using the highest threshold",
                   label.name);
    }
  }
}

/// The negatives in which no keyword is spoken, as collections.
void add_negatives(const Network& network, const CalibrationOptions& options,
                   std::vector<LabelledStream>& to) {
  if (!options.negatives) {
    return;
  }
  std::vector<std::string> keywords;
  for (const Label& label : network.model().labels) {
    if (label.kind == LabelKind::keyword) {
      keywords.push_back(label.name);
    }
  }
  const auto runs = options.negatives->without(keywords);
  NegativeStreams streams = classify_negatives(network, *options.negatives, runs);
  to.push_back(std::move(streams.plain));
  to.push_back(std::move(streams.all));
}

fs::path beside(const fs::path& model, const char* ending) {
  fs::path path = model;
  return path.replace_extension(std::string(".calibration") + ending);
}

}  // namespace

CalibrationReport calibrate_file(const fs::path& model_file, const fs::path& output, const Dataset& dataset,
                                 CalibrationOptions options) {
  const auto model = std::make_shared<const Model>(load_model(model_file));
  options.detector = model->detector;
  const Network network(model, select_kernels("auto"));
  const std::vector<Condition> conditions = default_conditions();
  spdlog::info("classifying streams of the validation split");
  warn_of_unheard(*model, dataset);
  // Speech used for training is better than too little speech: a threshold is only as reliable as the hours
  // it was chosen on.
  SplitStreams choose = classify_split(network, dataset, Split::validation, {Split::validation, Split::train},
                                       conditions, options);
  choose.collections = classify_collections(network, dataset, options);
  add_negatives(network, options, choose.collections);
  spdlog::info("classifying streams of the test split");
  const SplitStreams measure =
      classify_split(network, dataset, Split::test, {Split::test}, conditions, options);
  CalibrationReport report = calibrate(*model, choose, measure, conditions, options);
  const std::vector<std::byte> bytes = serialize_model(with_thresholds(*model, report));
  AtomicFile file(output);
  file.write(bytes.data(), bytes.size());
  file.commit();
  write_whole(beside(output, ".txt"), report_text(report));
  write_whole(beside(output, ".json"), report_json(report));
  write_whole(beside(output, ".svg"), report_svg(report));
  return report;
}

void add_calibrate_command(CLI::App& app) {
  struct Arguments {
    DataOptions data;
    CalibrationOptions calibration;
    fs::path model, output;
  };
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "calibrate",
      "Choose a model's thresholds for a wanted rate of false accepts and measure what they give");
  add_data_options(*command, a->data);
  add_collection_options(*command, a->data);
  command->remove_option(command->get_option("--keywords"));  // the model contains them
  command->add_option("model", a->model, "Model file")->type_name("")->required();
  command->add_option("-o,--output", a->output, "Where to write the calibrated model [the model file itself]")
      ->type_name("FILE");
  command
      ->add_option("--per-hour", a->calibration.per_hour,
                   "Wanted false accepts per hour of speech, all keywords together")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  command->add_option("--lowest-threshold", a->calibration.lowest_threshold, "No threshold is set below this")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--highest-threshold", a->calibration.highest_threshold, "... nor above this")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option_function<std::vector<std::string>>(
          "--highest",
          [a](const std::vector<std::string>& all) {
            for (const std::string& one : all) {
              const auto [word, highest] = word_and_number(one);
              a->calibration.highest_of[word] = highest;
            }
          },
          "No threshold of this keyword above X; may be repeated")
      ->type_name("WORD=X");
  command
      ->add_option(
          "--in-time", a->calibration.in_time_share,
          "No threshold is so high that fewer than this share of a keyword's events come within 0.4 s of "
          "the word's end")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--seed", a->calibration.seed, "Of the mixing")->capture_default_str();
  command->add_option("--threads", a->calibration.threads, "Streams that are classified at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--negatives",
          [a](const std::string& file) {
            a->calibration.negatives = std::make_shared<const Negatives>(load_negatives(file));
          },
          "Features of negatives (kwsd-train negatives), to count false accepts on")
      ->type_name("FILE");
  command->callback([a] {
    for (const Label& label : load_model(a->model).labels) {
      if (label.kind == LabelKind::keyword) {
        a->data.keywords.push_back(label.name);
      }
    }
    for (const auto& [word, highest] : a->calibration.highest_of) {
      if (std::find(a->data.keywords.begin(), a->data.keywords.end(), word) == a->data.keywords.end()) {
        throw Error(ErrorKind::usage,
                    "--highest: found '" + word + "', expected a keyword of " + a->model.string());
      }
    }
    const Dataset dataset(a->data);
    const fs::path output = a->output.empty() ? a->model : a->output;
    const CalibrationReport report = calibrate_file(a->model, output, dataset, a->calibration);
    std::fputs(report_text(report).c_str(), stdout);
  });
}

}  // namespace kwsd::train
