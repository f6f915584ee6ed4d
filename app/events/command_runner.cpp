#include "app/events/command_runner.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "app/base/descriptor.h"
#include "app/base/log.h"
#include "app/base/thread_name.h"

namespace kwsd {

namespace {

constexpr std::chrono::milliseconds look(50);  // how often the runner checks for ended commands

/// Attributes of a started command: signals as a shell expects them, a process group of its own, standard
/// output redirected to standard error, because kwsd's own carries events.
class SpawnPlan {
 public:
  explicit SpawnPlan(int input) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// Returns an errno, or 0 and the process.
  int spawn(const std::string& command, pid_t& pid) {
    std::string shell = "sh", option = "-c", text = command;
    char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
    return posix_spawn(&pid, "/bin/sh", &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

CommandRunner::CommandRunner(std::string command, bool wall_clock, EventQueue::WhenFull when_full,
                             const CommandLimits& limits)
    : command_(std::move(command)),
      format_{false, wall_clock},
      when_full_(when_full),
      limits_(limits),
      inbox_(queued_events, when_full) {
  thread_ = std::thread([this] {
    name_thread("kwsd-exec");
    work();
  });
}

CommandRunner::~CommandRunner() {
  inbox_.close();
  thread_.join();
}

void CommandRunner::work() noexcept {
  Event event;
  bool closed = false;
  auto until = Clock::time_point::max();
  while (!closed || !waiting_.empty() || !running_.empty()) {
    reap();
    start_waiting();
    if (closed) {
      if (Clock::now() > until) {
        spdlog::warn("--exec: {} command(s) still run, {} were not started", running_.size(),
                     waiting_.size());
        return;
      }
      std::this_thread::sleep_for(look);
      continue;
    }
    const bool takes = when_full_ == EventQueue::WhenFull::drop || waiting_.size() < limits_.most_waiting;
    if (!takes) {
      std::this_thread::sleep_for(look);
      continue;
    }
    const EventQueue::Pop popped =
        inbox_.pop(event, running_.empty() ? std::chrono::milliseconds(200) : look);
    if (popped == EventQueue::Pop::event) {
      take(event);
    } else if (popped == EventQueue::Pop::closed) {
      closed = true;
      until = when_full_ == EventQueue::WhenFull::wait ? until : Clock::now() + farewell;
    }
  }
}

void CommandRunner::take(const Event& event) {
  if (!std::holds_alternative<DetectionEvent>(event.body)) {
    return;
  }
  const bool full = waiting_.size() >= limits_.most_waiting;
  if (full && !std::exchange(dropping_, true)) {
    spdlog::warn("--exec: {} commands run and {} detections wait; further ones are dropped", running_.size(),
                 waiting_.size());
  }
  if (full) {
    ++dropped_;
  } else {
    dropping_ = false;
    waiting_.push_back(format_event(event, format_));
  }
}

void CommandRunner::start_waiting() {
  while (!waiting_.empty() && running_.size() < limits_.most_running) {
    start(waiting_.front());
    waiting_.pop_front();
  }
}

/// The line fits into the pipe, so writing it never waits for the command to read.
void CommandRunner::start(const std::string& line) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    spdlog::warn("--exec: {}", std::strerror(errno));
    return;
  }
  const Descriptor read_end(ends[0]), write_end(ends[1]);
  fcntl(write_end.get(), F_SETFL, O_NONBLOCK);
  (void)!write(write_end.get(), line.data(), line.size());
  pid_t pid = 0;
  if (const int error = SpawnPlan(read_end.get()).spawn(command_, pid); error != 0) {
    spdlog::warn("--exec: {}", std::strerror(error));
    return;
  }
  running_.push_back({pid, Clock::now() + limits_.longest_run});
}

/// Collects ended commands, and kills those that run too long.
void CommandRunner::reap() {
  std::erase_if(running_, [this](const Child& child) {
    int status = 0;
    if (waitpid(child.pid, &status, WNOHANG) != child.pid) {
      if (Clock::now() > child.until) {
        spdlog::warn("--exec: a command has run for {} s and is killed", limits_.longest_run.count());
        kill(-child.pid, SIGKILL);
        waitpid(child.pid, &status, 0);
        return true;
      }
      return false;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
      spdlog::warn("--exec: exit status {}", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
      spdlog::warn("--exec: ended by signal {}", WTERMSIG(status));
    }
    return true;
  });
}

}  // namespace kwsd
