#include "app/base/program.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <utility>

#include "app/base/help_format.h"
#include "app/base/version.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

constexpr const char* footer =
    "Exit codes: 0 success, 2 wrong usage, 65 bad data (model or audio), 66 no input, 69 device or service "
    "unavailable, 70 internal error, 74 output failed, 78 wrong configuration file.";

constexpr int error_patience_ms = 1000;

/// One line on standard error; line breaks inside the message become "; ". If standard error has no reader,
/// the line is lost, and only the exit code remains.
int complain(const std::string& program, std::string message, ErrorKind kind) {
  while (!message.empty() && message.back() == '\n') {
    message.pop_back();
  }
  for (std::size_t at = message.find('\n'); at != std::string::npos; at = message.find('\n')) {
    message.replace(at, 1, "; ");
  }
  message = program + ": error: " + message + '\n';
  pollfd reader{STDERR_FILENO, POLLOUT, 0};
  if (poll(&reader, 1, error_patience_ms) > 0) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message.data(), message.size());
  }
  return static_cast<int>(kind);
}

/// If a standard stream is closed, the next file that is opened would get its descriptor and be read or
/// written in its place. /dev/null, opened in the opposite direction, takes the descriptor instead.
void hold_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) < 0) {
      (void)open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY);  // the lowest free one
    }
  }
}

/// Throws Error (io) when printed text could not be written, unless the reader has closed the pipe.
void finish_standard_output() {
  const std::string reason = std::fflush(stdout) == 0 ? "cannot be written" : std::strerror(errno);
  if (std::ferror(stdout) == 0) {
    return;
  }
  pollfd reader{STDOUT_FILENO, 0, 0};
  if (poll(&reader, 1, 0) != 1 || (reader.revents & (POLLERR | POLLHUP)) == 0) {
    throw Error(ErrorKind::io, "standard output: " + reason);
  }
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

/// Throws Error (usage) where `word` names no command of `app`.
void check_command(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = command_names(app);
  if (std::find(names.begin(), names.end(), word) == names.end()) {
    const std::string meant = closest_name(word, names);
    throw Error(ErrorKind::usage, "unknown command '" + printable(word) + "'" +
                                      (meant.empty() ? "" : "; did you mean '" + meant + "'?") + " (see " +
                                      app.get_name() + " --help)");
  }
}

/// "help" and "help COMMAND" print what "--help" and "COMMAND --help" print.
std::vector<std::string> arguments_of(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  if (!arguments.empty() && !arguments.front().starts_with('-')) {
    check_command(app, arguments.front());
  }
  return arguments;
}

int run(const Program& program, int argc, char** argv) {
  CLI::App app(program.description, program.name);
  app.formatter(std::make_shared<HelpFormat>());
  app.footer(footer);
  app.require_subcommand(1);
  app.set_version_flag("-v,--version", program.name + " " + version(), "Print the version and exit.");
  app.set_help_flag("-h,--help", "Print this help and exit.");
  app.option_defaults()->always_capture_default();
  Command selected = [] { return 0; };
  program.add_commands(app, selected);
  std::vector<std::string> arguments = arguments_of(app, argc, argv);
  std::reverse(arguments.begin(), arguments.end());  // in the form that CLI11 expects
  try {
    app.parse(arguments);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    const std::string command =
        app.get_subcommands().empty() ? "" : " " + app.get_subcommands().front()->get_name();
    throw Error(ErrorKind::usage, std::string(error.what()) + " (see " + program.name + command + " --help)");
  }
  return selected();
}

/// Number of letters to insert, remove or replace to turn one into the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string closest_name(const std::string& word, const std::vector<std::string>& names) {
  std::string closest;
  std::size_t least = (word.size() <= 2 ? 1 : 2) + 1;
  for (const std::string& name : names) {
    if (const std::size_t letters = distance(word, name); letters < least) {
      least = letters;
      closest = name;
    }
  }
  return closest;
}

int run_program(const Program& program, int argc, char** argv) noexcept {
  hold_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a write error like any other
  try {
    program.set_up_log();
    const int code = run(program, argc, argv);
    finish_standard_output();
    return code;
  } catch (const Error& error) {
    return complain(program.name, error.what(), error.kind());
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(program.name, error.what(), ErrorKind::io);
  } catch (const std::bad_alloc&) {
    return complain(program.name, "out of memory", ErrorKind::internal);
  } catch (const std::exception& error) {
    const std::string all = error.what();  // libtorch adds its stack in further lines
    return complain(program.name, "internal: " + all.substr(0, all.find('\n')), ErrorKind::internal);
  }
}

}  // namespace kwsd
