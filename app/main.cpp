// kwsd: parse the command line, run the subcommand, turn an error into one line and an exit code.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include "app/base/log.h"
#include "app/base/version.h"
#include "app/commands/commands.h"
#include "app/settings/help_format.h"
#include "engine/model/error.h"

namespace {

constexpr const char* footer =
    "Exit codes: 0 success, 2 wrong usage, 65 bad data (model or audio), 66 no input, 69 device or\n"
    "service unavailable, 70 internal error, 74 output failed, 78 wrong configuration file.";

/// One line on stderr; line breaks inside the message become "; ".
void complain(std::string message) {
  while (!message.empty() && message.back() == '\n') {
    message.pop_back();
  }
  for (std::size_t at = message.find('\n'); at != std::string::npos; at = message.find('\n')) {
    message.replace(at, 1, "; ");
  }
  std::fprintf(stderr, "kwsd: error: %s\n", message.c_str());
}

/// Where a standard stream is closed, the next file opened would take its place, and be read or written in
/// its stead. One that refuses stands there instead.
void hold_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) < 0) {
      (void)open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY);  // the lowest that is free
    }
  }
}

/// What was printed has arrived, or nobody reads any more. Throws Error (io) otherwise.
void finish_standard_output() {
  const std::string reason = std::fflush(stdout) == 0 ? "cannot be written" : std::strerror(errno);
  if (std::ferror(stdout) == 0) {
    return;
  }
  pollfd reader{STDOUT_FILENO, 0, 0};
  if (poll(&reader, 1, 0) != 1 || (reader.revents & (POLLERR | POLLHUP)) == 0) {
    throw kwsd::Error(kwsd::ErrorKind::io, "standard output: " + reason);
  }
}

int run(int argc, char** argv) {
  CLI::App app("kwsd spots spoken keywords in a microphone's signal, a recording or a pipe.", "kwsd");
  app.formatter(std::make_shared<kwsd::HelpFormat>());
  app.footer(footer);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("kwsd ") + kwsd::version());
  app.option_defaults()->always_capture_default();

  kwsd::Command selected;
  kwsd::add_bench_command(app, selected);
  kwsd::add_devices_command(app, selected);
  kwsd::add_eval_command(app, selected);
  kwsd::add_info_command(app, selected);
  kwsd::add_live_command(app, selected);
  kwsd::add_mix_command(app, selected);
  kwsd::add_record_command(app, selected);
  kwsd::add_run_command(app, selected);
  kwsd::add_version_command(app, selected);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    complain(std::string(error.what()) + " (see kwsd --help)");
    return static_cast<int>(kwsd::ErrorKind::usage);
  }
  return selected();
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  try {
    kwsd::set_up_log("info");  // on stderr: stdout carries events alone
    const int code = run(argc, argv);
    finish_standard_output();
    return code;
  } catch (const kwsd::Error& error) {
    complain(error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    complain(std::string("internal: ") + error.what());
    return static_cast<int>(kwsd::ErrorKind::internal);
  }
}
