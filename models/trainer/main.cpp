// kwsd-train: trains models from recordings.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "app/base/program.h"
#include "models/trainer/blas_kernels.h"
#include "models/trainer/calibrate/calibrate_command.h"
#include "models/trainer/data/data_command.h"
#include "models/trainer/measure/measure_command.h"
#include "models/trainer/negatives/negatives_command.h"
#include "models/trainer/net/train_command.h"
#include "models/trainer/stream/second_command.h"
#include "models/trainer/stream/stream_command.h"
#include "models/trainer/synth/synth_command.h"
#include "models/trainer/word/word_command.h"

int main(int argc, char** argv) {
  kwsd::train::choose_blas_kernels(argv);
  const auto set_up_log = [] {
    spdlog::set_default_logger(spdlog::stderr_color_mt("kwsd-train"));
    spdlog::set_pattern("%^%l%$: %v");
  };
  const auto add_commands = [](CLI::App& app, kwsd::Command& /*selected*/) {  // each runs while it is parsed
    kwsd::train::add_word_command(app);
    kwsd::train::add_data_command(app);
    kwsd::train::add_train_command(app);
    kwsd::train::add_train_streams_command(app);
    kwsd::train::add_train_second_command(app);
    kwsd::train::add_export_command(app);
    kwsd::train::add_export_second_command(app);
    kwsd::train::add_export_vectors_command(app);
    kwsd::train::add_test_command(app);
    kwsd::train::add_calibrate_command(app);
    kwsd::train::add_measure_command(app);
    kwsd::train::add_synth_command(app);
    kwsd::train::add_negatives_command(app);
    kwsd::train::add_golden_command(app);
    kwsd::train::add_describe_command(app);
  };
  return kwsd::run_program(
      {"kwsd-train", "Makes keyword-spotting models for kwsd from recordings.", set_up_log, add_commands},
      argc, argv);
}
