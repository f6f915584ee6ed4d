#include "models/trainer/synth/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

extern char** environ;

namespace kwsd::train {
namespace {

constexpr std::size_t max_output_bytes = 64U << 20U;

/// Reads until the program closes its output; false when the time is over.
bool read_all(int fd, std::string& output, std::chrono::steady_clock::time_point end) {
  std::array<char, 65536> block;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return false;
    }
    pollfd wait{fd, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
      continue;
    }
    const ssize_t got = read(fd, block.data(), block.size());
    if (got <= 0) {
      return true;
    }
    if (output.size() < max_output_bytes) {
      output.append(block.data(), static_cast<std::size_t>(got));
    }
  }
}

}  // namespace

ProcessResult run_program(const std::vector<std::string>& argv, int timeout_seconds) {
  std::array<int, 2> out{};
  ProcessResult result;
  if (pipe2(out.data(), O_CLOEXEC) != 0) {
    return result;
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  if (error == 0) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_seconds);
    if (!read_all(out[0], result.output, end)) {
      kill(pid, SIGKILL);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    result.status = WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -1;
  }
  close(out[0]);
  return result;
}

}  // namespace kwsd::train
