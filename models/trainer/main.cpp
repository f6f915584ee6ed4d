// kwsd-train: recordings in, a model out.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "engine/model/error.h"
#include "models/trainer/calibrate/calibrate_command.h"
#include "models/trainer/data/data_command.h"
#include "models/trainer/net/train_command.h"
#include "models/trainer/synth/synth_command.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app{"Makes keyword-spotting models for kwsd from recordings"};
  app.require_subcommand(1);
  kwsd::train::add_data_command(app);
  kwsd::train::add_train_command(app);
  kwsd::train::add_export_command(app);
  kwsd::train::add_test_command(app);
  kwsd::train::add_calibrate_command(app);
  kwsd::train::add_synth_command(app);
  kwsd::train::add_golden_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(kwsd::ErrorKind::usage);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a write error like any other
  spdlog::set_default_logger(spdlog::stderr_color_mt("kwsd-train"));
  spdlog::set_pattern("%^%l%$: %v");
  try {
    return run(argc, argv);
  } catch (const kwsd::Error& e) {
    spdlog::error("{}", e.what());
    return e.exit_code();
  } catch (const std::filesystem::filesystem_error&
               e) {  // recordings are read through scan.h: it was a folder to write
    spdlog::error("{}", e.what());
    return static_cast<int>(kwsd::ErrorKind::io);
  } catch (const std::bad_alloc&) {
    spdlog::error("out of memory");
  } catch (const std::exception& e) {
    const std::string all = e.what();  // libtorch's goes on with the stack
    spdlog::error("internal: {}", all.substr(0, all.find('\n')));
  }
  return static_cast<int>(kwsd::ErrorKind::internal);
}
