// kwsd eval: the quality of a model, on single words (--data) or on a labelled recording (--stream).
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/audio/sound_16k.h"
#include "app/base/atomic_file.h"
#include "app/base/log.h"
#include "app/base/progress.h"
#include "app/base/words.h"
#include "app/commands/commands.h"
#include "app/eval/clip_report.h"
#include "app/eval/stream_report.h"
#include "app/settings/model_store.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/model/model_file.h"

namespace kwsd {

namespace {

constexpr double longest_clip_seconds = 60;
constexpr std::size_t most_posterior_bytes = std::size_t{2} << 30U;  // over 300 h with 12 labels

struct EvalOptions {
  std::string model = "commands";
  std::string kernels = "auto";
  std::string data, list, clips;     // single words
  std::string stream, labels, plot;  // a recording
  RunOptions run;                    // for a recording: thresholds, smoothing, refractory period
  int channel = 1;
  unsigned threads = 0;
  bool json = false;
};

unsigned thread_count(const EvalOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

void print_json(const nlohmann::ordered_json& json) {
  std::puts(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int eval_data(const EvalOptions& options, const Network& network) {
  const Model& model = network.model();
  const DataSet set = find_clips(options.data, options.list, model.labels);
  for (const std::string& entry : set.missing) {
    spdlog::warn("{}: listed, but missing in {}", entry, options.data);
  }
  if (set.left_out > 0) {
    spdlog::warn("{} clips of words that the model has no label for, not even 'unknown', are left out",
                 set.left_out);
  }
  const SoundLoader load = [&options](const std::filesystem::path& file) {
    return load_recording(file, {options.channel, longest_clip_seconds, true});  // _silence_ may be silent
  };
  ClipEvaluation evaluation;
  {
    Progress progress("clips", set.clips.size());
    evaluation =
        evaluate_clips(network, set.clips, load, thread_count(options), [&progress] { progress.step(); });
  }
  for (const SkippedClip& clip : evaluation.skipped) {
    spdlog::warn("skipped {}: {}", clip.path.string(), clip.reason);
  }
  if (evaluation.clips == 0) {
    throw Error(ErrorKind::bad_data,
                options.data + ": none of its " + std::to_string(set.clips.size()) + " clips can be decoded");
  }
  if (!options.clips.empty()) {
    write_file(options.clips, clip_list_tsv(model, evaluation, options.data));
  }
  if (options.json) {
    print_json(clip_report_json(model, evaluation));
  } else {
    std::fputs(clip_report_text(model, evaluation).c_str(), stdout);
  }
  return 0;
}

/// The posteriors of a recording, which is never held in memory as a whole. As in `kwsd run`, a second of
/// silence follows its end.
StreamPosteriors classify_recording(const EvalOptions& options, const Network& network) {
  Sound16k sound(options.stream, options.channel);
  StreamClassifier classifier(network);
  std::vector<float> block(16000);
  std::int64_t samples = 0;
  while (const std::size_t got = sound.read(block)) {
    classifier.push(std::span(block).first(got));
    samples += static_cast<std::int64_t>(got);
    if (classifier.bytes() > most_posterior_bytes) {
      throw Error(ErrorKind::bad_data, options.stream + ": longer than the " +
                                           std::to_string(samples / 16000 / 3600) +
                                           " h that can be evaluated at once");
    }
  }
  std::fill(block.begin(), block.end(), 0.0F);
  classifier.push(block);
  StreamPosteriors windows = classifier.take();
  windows.samples = samples;
  return windows;
}

/// Throws Error (bad_data) if a label lies behind the end: then the labels belong to another recording.
void check_labels(const EvalOptions& options, const std::vector<LabelledWord>& labels, double seconds) {
  for (const LabelledWord& word : labels) {
    if (word.start_seconds >= seconds) {
      throw Error(ErrorKind::bad_data, options.labels + ": found '" + printable(word.word) + "' at " +
                                           std::to_string(word.start_seconds) + " s, but " + options.stream +
                                           " ends at " + std::to_string(seconds) + " s");
    }
  }
}

int eval_stream(const EvalOptions& options, const std::shared_ptr<const Model>& shared,
                const Network& network) {
  const Model& model = *shared;
  const std::vector<LabelledWord> labels = read_labels(options.labels);
  LabelledStream stream{{}, spoken_keywords(model, labels)};
  if (!options.plot.empty() && stream.words.empty()) {
    throw Error(ErrorKind::bad_data,
                options.labels + ": found no keyword of the model, expected at least one for a miss rate");
  }
  stream.windows = classify_recording(options, network);
  check_labels(options, labels, static_cast<double>(stream.windows.samples) / 16000);
  const DetectorParams params =
      detector_params(model, spotter_options(options.run.recognition, {&shared, 1}));
  StreamEvaluation evaluation = evaluate_stream(model, params, stream);
  evaluation.other_words = labels.size() - stream.words.size();
  if (!options.plot.empty()) {
    write_file(options.plot, stream_report_svg(model, evaluation));
  }
  if (options.json) {
    print_json(stream_report_json(model, evaluation));
  } else {
    std::fputs(stream_report_text(model, evaluation).c_str(), stdout);
  }
  return 0;
}

int eval(const EvalOptions& options) {
  if (options.data.empty() == options.stream.empty()) {
    throw Error(ErrorKind::usage, "eval: expected either --data DIR or --stream AUDIO --labels TSV");
  }
  const auto model = std::make_shared<Model>(load_model(find_model(options.model)));
  apply_thresholds(options.run.recognition.thresholds, std::vector<std::shared_ptr<const Model>>{model},
                   [&](std::size_t, int label, float threshold) {
                     for (Branch& branch : model->branches) {
                       branch.thresholds[static_cast<std::size_t>(label)] = threshold;
                     }
                   });
  const Network network(model, select_kernels(options.kernels));
  return options.stream.empty() ? eval_data(options, network) : eval_stream(options, model, network);
}

}  // namespace

namespace {

void add_data_options(CLI::App& command, EvalOptions& options) {
  constexpr const char* group = "Single words";
  CLI::Option* data =
      command
          .add_option(
              "--data", options.data,
              "A folder per word (Speech Commands layout). Words that the model does not know count as\n"
              "unknown, _silence_ as silence. A clip is one window: a short one is centred between zeros,\n"
              "of a long one the loudest stretch counts. A streaming model's surest step counts, if the\n"
              "posterior is at least 0.2")
          ->type_name("DIR")
          ->group(group);
  command.add_option("--list", options.list, "Only the clips on this list, e.g. testing_list.txt")
      ->type_name("FILE")
      ->needs(data)
      ->group(group);
  command
      .add_option("--clips", options.clips,
                  "Write the prediction for each clip as a line of text: label and posterior of each branch")
      ->type_name("TSV")
      ->needs(data)
      ->group(group);
  command.add_option("--threads", options.threads, "0: one per core")
      ->check(CLI::Range(0, 256))
      ->needs(data)
      ->group(group);
}

void add_stream_options(CLI::App& command, EvalOptions& options) {
  constexpr const char* group = "A recording";
  CLI::Option* stream = command
                            .add_option("--stream", options.stream,
                                        "Any sound file: misses, false accepts per hour and latency, as\n"
                                        "'kwsd run' would have them")
                            ->type_name("AUDIO")
                            ->group(group);
  CLI::Option* labels =
      command
          .add_option(
              "--labels", options.labels,
              "What is said in it: lines of start, end (seconds) and word, tabs between. May be empty")
          ->type_name("TSV")
          ->needs(stream)
          ->group(group);
  stream->needs(labels);
  command
      .add_option("--plot", options.plot,
                  "Miss rate against false accepts per hour as SVG, the model's thresholds marked")
      ->type_name("FILE")
      ->needs(stream)
      ->group(group);
  add_settings(command, options.run, {"threshold", "smoothing-ms", "refractory-seconds"});
}

}  // namespace

void add_eval_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand(
      "eval", "Measure accuracy on single words, or misses and false accepts in a recording");
  const auto options = std::make_shared<EvalOptions>();
  command->add_option("-m,--model", options->model, "A model file, or the name of a shipped model")
      ->type_name("MODEL");
  command->add_option("--kernels", options->kernels, "Kernel set: 'auto' or a name from 'kwsd info'")
      ->type_name("SET");
  command->add_option("--channel", options->channel, "Which channel of the recordings to take, from 1")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--json", options->json, "As one JSON object");
  add_data_options(*command, *options);
  add_stream_options(*command, *options);
  add_log_option(*command);
  command->callback([&selected, options] { selected = [options] { return eval(*options); }; });
}

}  // namespace kwsd
