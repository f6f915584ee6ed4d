// kwsd eval: how good a model is, on single words (--data) or on a recording with labels (--stream).
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/commands/commands.h"
#include "app/eval/clip_report.h"
#include "app/log.h"
#include "app/model_store.h"
#include "app/options.h"
#include "app/recordings/progress.h"
#include "app/sound_16k.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"

namespace kwsd {

namespace {

constexpr double longest_clip_seconds = 60;

struct EvalOptions {
  std::string model = "commands";
  std::string kernels = "auto";
  std::string data, list;
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
    spdlog::warn("{}: on the list, but not in {}", entry, options.data);
  }
  if (set.left_out > 0) {
    spdlog::warn("{} clips of words that the model has no label for, not even 'unknown', are left out",
                 set.left_out);
  }
  const SoundLoader load = [&options](const std::filesystem::path& file) {
    return load_16k(file, options.channel, longest_clip_seconds);
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
  if (options.json) {
    print_json(clip_report_json(model, evaluation));
  } else {
    std::fputs(clip_report_text(model, evaluation).c_str(), stdout);
  }
  return 0;
}

int eval(const EvalOptions& options) {
  const auto model = std::make_shared<const Model>(load_model(find_model(options.model)));
  const Network network(model, select_kernels(options.kernels));
  return eval_data(options, network);
}

}  // namespace

void add_eval_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("eval", "Measure how well a model knows recorded words");
  const auto options = std::make_shared<EvalOptions>();
  command->add_option("-m,--model", options->model, "A model file, or the name of a shipped model");
  command->add_option("--kernels", options->kernels, "Kernel set: 'auto' or a name from 'kwsd info'");
  command
      ->add_option(
          "--data", options->data,
          "A folder per word (Speech Commands layout). Words that the model does not know count as\n"
          "unknown, _silence_ as silence. Each clip is one window: a short one is centred between zeros,\n"
          "of a long one the loudest stretch counts")
      ->type_name("DIR")
      ->required();
  command->add_option("--list", options->list, "Only the clips on this list, e.g. testing_list.txt")
      ->type_name("FILE");
  command->add_option("--channel", options->channel, "Which channel of the recordings to take, from 1")
      ->check(CLI::Range(1, 1024));
  command->add_option("--threads", options->threads, "0: one per core")->check(CLI::Range(0, 256));
  command->add_flag("--json", options->json, "As one JSON object");
  add_log_option(*command);
  command->callback([&selected, options] { selected = [options] { return eval(*options); }; });
}

}  // namespace kwsd
