// What main does around the commands of kwsd and of kwsd-train: standard streams, --help, --version, one line
// and an exit code for each error. Thread: main.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace kwsd {

/// What the parsed command line requests. Returns the exit code; throws Error.
using Command = std::function<int()>;

struct Program {
  std::string name;
  std::string description;
  /// Sets up the log. Runs once the standard streams are open.
  std::function<void()> set_up_log;
  /// Adds the commands. A command that the command line names sets `selected`, which runs after parsing.
  std::function<void(CLI::App&, Command& selected)> add_commands;
};

/// Returns the exit code (README.md lists them). Throws nothing.
[[nodiscard]] int run_program(const Program& program, int argc, char** argv) noexcept;

/// The name in `names` that `word` most likely misspells: at most two letters away, or one if `word` has two;
/// empty: none.
[[nodiscard]] std::string closest_name(const std::string& word, const std::vector<std::string>& names);

}  // namespace kwsd
