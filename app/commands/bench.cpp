// kwsd bench: the cost of a window on this machine, by branch, kernel set and stage, and in float32.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "app/base/atomic_file.h"
#include "app/base/progress.h"
#include "app/bench/bench_report.h"
#include "app/bench/cpu_name.h"
#include "app/bench/float_net.h"
#include "app/bench/many_streams.h"
#include "app/commands/commands.h"
#include "app/settings/model_store.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "engine/model/model_file.h"

namespace kwsd {
namespace {

struct BenchOptions {
  std::string model = "commands";
  std::vector<std::string> kernels;  ///< empty: all that run on this machine
  std::string svg;
  double seconds = 0.1;
  bool json = false;
  int streams = 0;  ///< 0: stages instead
  int threads = 1;
  double load = 1;
};

constexpr std::array all_branches{BranchId::full, BranchId::half, BranchId::quarter};

/// Everything that is timed: the functions in the order in which `take` reads their times.
class Bench {
 public:
  Bench(const BenchOptions& options, const Model& model) {
    try {
      if (model.streaming) {
        throw Error(ErrorKind::unavailable, "the model is a streaming one, and float32 computes windows");
      }
      float_net_.emplace(model);
      report_.float_library = FloatNet::library();
    } catch (const Error& error) {
      report_.float_missing = error.what();
    }
    for (const Kernels* set : chosen(options.kernels)) {
      windows_.push_back(make_staged_net(model, *set));
      report_.sets.push_back({std::string(set->name), std::string(set->description), {}, {}});
    }
    report_.model = model.name;
    report_.cpu = cpu_name();
    report_.selected = select_kernels("auto").name;
    report_.hop_ms = 1e3 * windows_.front()->hop_seconds();
    report_.steps = model.streaming ? model.reach_steps(BranchId::full) : model.steps;
    report_.streaming = model.streaming;
    report_.new_steps = std::min(
        report_.steps, model.hop_frames() / std::gcd(model.hop_frames(), model.step_stride_frames()));
  }

  BenchReport run(double seconds) {
    Stopwatch stopwatch;
    for (const BranchId branch : all_branches) {
      if (float_net_) {
        stopwatch.add([this, branch] { float_net_->run_whole(branch); });
        stopwatch.add([this, branch] { float_net_->run_in_stream(branch); });
      }
      for (const auto& window : windows_) {
        stopwatch.add([&window, branch] { window->run_whole(branch); });
        stopwatch.add([&window, branch] { window->run_in_stream(branch); });
        for (int s = 0; s < stage_count; ++s) {
          stopwatch.add([&window, branch, s] { window->run(static_cast<Stage>(s), branch); });
        }
      }
    }
    Progress progress("rounds", Stopwatch::samples);
    take(stopwatch.run(seconds, [&progress] { progress.step(); }));
    return report_;
  }

 private:
  static std::vector<const Kernels*> chosen(const std::vector<std::string>& names) {
    std::vector<const Kernels*> sets;
    for (const std::string& name : names) {
      sets.push_back(&select_kernels(name));
    }
    for (const Kernels* set : all_kernels()) {
      if (names.empty() && set->supported()) {
        sets.push_back(set);
      }
    }
    return sets;
  }

  void take(const std::vector<Timing>& times) {
    auto next = times.begin();
    for (std::size_t b = 0; b < all_branches.size(); ++b) {
      const auto take_window = [&next](WindowTimes& window) {
        window.whole = *next++;
        window.in_stream = *next++;
      };
      if (float_net_) {
        take_window(report_.float32[b]);
      }
      for (SetTimes& set : report_.sets) {
        take_window(set.windows[b]);
        for (Timing& stage : set.stages[b]) {
          stage = *next++;
        }
      }
    }
  }

  std::optional<FloatNet> float_net_;
  std::vector<std::unique_ptr<StagedNet>> windows_;  // as report_.sets
  BenchReport report_;
};

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

int bench_streams(const BenchOptions& options) {
  const Kernels& kernels = select_kernels(options.kernels.empty() ? "auto" : options.kernels.front());
  const auto model = std::make_shared<const Model>(load_model(find_model(options.model)));
  const auto spotter = std::make_shared<const Spotter>(std::vector{model}, kernels);
  const ManyStreamsReport report = run_many_streams(
      spotter, {.streams = options.streams, .threads = options.threads, .load = options.load});
  print(options.json ? many_streams_json(report).dump(2) + '\n' : many_streams_text(report));
  return 0;
}

int bench(const BenchOptions& options) {
  if (options.streams > 0) {
    return bench_streams(options);
  }
  const Model model = load_model(find_model(options.model));
  const BenchReport report = Bench(options, model).run(options.seconds);
  if (!options.svg.empty()) {
    write_file(options.svg, bench_svg(report));
  }
  const std::string text =
      options.json
          ? bench_json(report).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n'
          : bench_text(report);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

void add_bench_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand(
      "bench", "Measure the time of a window by branch, kernel set and stage, and in float32");
  const auto options = std::make_shared<BenchOptions>();
  command->add_option("-m,--model", options->model, "A model file, or the name of a shipped model")
      ->type_name("MODEL");
  command
      ->add_option("--kernels", options->kernels,
                   "A kernel set, or 'auto'; may be given several times (default: all that run here)")
      ->type_name("SET");
  command->add_option("--seconds", options->seconds, "Time for each figure")->check(CLI::Range(0.0, 60.0));
  command
      ->add_option("--streams", options->streams,
                   "Run so many streams at once and report how many in real time this machine holds")
      ->check(CLI::Range(1, 100'000));
  command->add_option("--threads", options->threads, "Threads for --streams")->check(CLI::Range(1, 256));
  command->add_option("--load", options->load, "Share of the CPU that --streams may count on")
      ->check(CLI::Range(0.01, 1.0));
  command->add_flag("--json", options->json, "As one JSON object");
  command->add_option("--svg", options->svg, "Draw the split by stage into FILE")->type_name("FILE");
  add_log_option(*command);
  command->callback([&selected, options] { selected = [options] { return bench(*options); }; });
}

}  // namespace kwsd
