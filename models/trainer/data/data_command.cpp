#include "models/trainer/data/data_command.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "app/audio/sound_writer.h"
#include "models/trainer/data/effects.h"
#include "models/trainer/data/options.h"
#include "models/trainer/data/rate.h"

namespace kwsd::train {
namespace {

struct DataArguments {
  DataOptions data;
  BatchOptions batch;
  std::filesystem::path listen;
  std::size_t windows = 20;
};

void write_windows(const Dataset& dataset, const DataArguments& a) {
  constexpr int window_samples = 16000;
  const WindowMaker maker(dataset, a.batch.augment, a.batch.mix, window_samples, a.batch.seed);
  std::filesystem::create_directories(a.listen);
  std::vector<float> samples(window_samples);
  for (std::size_t i = 0; i < a.windows; ++i) {
    Random random{a.batch.seed, 0, 0, i};
    const Window window = maker.draw(random, samples);
    const std::string& label = dataset.labels()[static_cast<std::size_t>(window.label)].name;
    write_sound(a.listen / fmt::format("{:04}_{}.wav", i, label), to_pcm16(samples));
  }
}

void measure(const Dataset& dataset, const DataArguments& a) {
  constexpr std::size_t batches = 8;
  const FeatureParams features = estimate_scaling(dataset, FeatureParams{}, a.batch, 512);
  Batcher batcher(dataset, features, a.batch);
  batcher.begin_epoch(0);
  const std::size_t count = std::min(batches, batcher.batches_per_epoch());
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t b = 0; b < count; ++b) {
    static_cast<void>(batcher.next());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("epoch: {} batches of {}; {:.3f} ms per window with {} threads\n", batcher.batches_per_epoch(),
             a.batch.batch_size, 1000 * seconds / static_cast<double>(count * a.batch.batch_size),
             a.batch.threads);
}

}  // namespace

void add_data_command(CLI::App& app) {
  const auto a = std::make_shared<DataArguments>();
  CLI::App* command = app.add_subcommand("data", "Show what a data set holds; decode it into the cache");
  add_data_options(*command, a->data);
  add_augment_options(*command, a->batch.augment, a->batch.mix);
  command->add_option("--listen", a->listen, "Write augmented training windows into this folder, as WAV")
      ->type_name("FOLDER");
  command->add_option("--windows", a->windows, "How many")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--seed", a->batch.seed, "Of all that is random")->capture_default_str();
  command->add_option("--threads", a->batch.threads, "Threads that make batches")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->callback([a] {
    const Dataset dataset(a->data);
    std::fputs(dataset.summary().c_str(), stdout);
    measure(dataset, *a);
    if (!a->listen.empty()) {
      write_windows(dataset, *a);
    }
  });
}

}  // namespace kwsd::train
