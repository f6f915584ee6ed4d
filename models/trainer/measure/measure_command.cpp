#include "models/trainer/measure/measure_command.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "app/base/atomic_file.h"
#include "app/base/file_text.h"
#include "engine/kernels/kernels.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"
#include "models/trainer/data/options.h"
#include "models/trainer/measure/measure.h"
#include "models/trainer/stream/stream_classifier.h"

namespace kwsd::train {
namespace {

struct Arguments {
  DataOptions data;
  MeasureOptions measure;
  std::vector<std::string> conditions;
  std::string words = "validation";
  std::filesystem::path model, json, report;
};

std::vector<Degradation> conditions_of(const std::vector<std::string>& names) {
  std::vector<Degradation> out{Degradation::none};
  for (const std::string& name : names) {
    const auto& known = degradation_names();
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      std::string all;
      for (const std::string& one : known) {
        all += (all.empty() ? "" : ", ") + one;
      }
      throw CLI::ValidationError("--conditions", "found '" + name + "', expected some of " + all);
    }
    if (*found != known.front()) {
      out.push_back(static_cast<Degradation>(found - known.begin()));
    }
  }
  return out;
}

MeasureReport measure_file(const Arguments& a, const Dataset& dataset) {
  if (a.model.extension() == ".pt") {
    const StreamClassifierNet net(a.model);
    return measure(
        net.model(), net.detector(), [&](auto samples) { return net.classify(samples); }, dataset, a.measure);
  }
  const auto model = std::make_shared<const Model>(load_model(a.model));
  const Network network(model, select_kernels("auto"));
  return measure(
      *model, model->detector, [&](auto samples) { return classify_stream(network, samples); }, dataset,
      a.measure);
}

void print_earlier(const std::filesystem::path& path) {
  const std::optional<std::string> text = file_text(path);
  if (!text) {
    throw Error(ErrorKind::no_input, path.string() + ": cannot be read");
  }
  std::fputs(report_text(report_from_json(*text, path.string())).c_str(), stdout);
}

void add_options(CLI::App& c, Arguments& a) {
  CLI::Option* model =
      c.add_option("model", a.model, "Model file, or a checkpoint of train-streams")->type_name("");
  c.add_option("--report", a.report, "Print the tables of an earlier --json file; measure nothing")
      ->type_name("FILE")
      ->excludes(model);
  c.add_option("--words", a.words, "Which words of --data are missed or found")
      ->check(CLI::IsMember({"training", "validation", "test"}))
      ->capture_default_str();
  c.add_option("--snr", a.measure.snr_db, "Noise beside clean, dB")
      ->type_name("DB")
      ->delimiter(',')
      ->check(between(-20, 60));
  c.add_option("--conditions", a.conditions,
               "More conditions for words and collections: gated, echoed (collections alone), clipped, 8 "
               "kHz, digital "
               "silence")
      ->type_name("CONDITIONS")
      ->delimiter(',');
  c.add_flag("--under-noise", a.measure.music,
             "Collections under the noise and music of --noise at 10 dB, too");
  c.add_option("--per-hour", a.measure.per_hour, "Rates on the worst collection to set one threshold for")
      ->delimiter(',')
      ->check(between(0, 1000));
  c.add_option("--noise-floor", a.measure.noise_floor_db, "Pink noise under the speech, dB")
      ->check(between(-120, 0))
      ->capture_default_str();
  c.add_option("--seed", a.measure.seed, "Of the mixing")->capture_default_str();
  c.add_option("--threads", a.measure.threads, "Streams classified at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  c.add_option("--json", a.json, "File for all figures as JSON")->type_name("FILE");
}

}  // namespace

void add_measure_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand(
      "measure",
      "Misses, and false accepts an hour on whole collections and under bad conditions, in tables");
  add_data_options(*c, a->data);
  add_collection_options(*c, a->data);
  add_options(*c, *a);
  c->callback([a] {
    if (!a->report.empty()) {
      print_earlier(a->report);
      return;
    }
    if (a->model.empty()) {
      throw Error(ErrorKind::usage, "measure: expected a model, or --report FILE");
    }
    a->measure.words = a->words == "test"         ? Split::test
                       : a->words == "validation" ? Split::validation
                                                  : Split::train;
    a->measure.conditions = conditions_of(a->conditions);
    const Dataset dataset(a->data);
    const MeasureReport report = measure_file(*a, dataset);
    std::fputs(report_text(report).c_str(), stdout);
    if (!a->json.empty()) {
      const std::string text = report_json(report);
      AtomicFile file(a->json);
      file.write(text.data(), text.size());
      file.commit();
    }
  });
}

}  // namespace kwsd::train
