#include "app/web/child_process.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "app/base/descriptor.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

using boost::system::error_code;

#if defined(__x86_64__)
constexpr unsigned audit_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned audit_arch = AUDIT_ARCH_AARCH64;
#elif defined(__arm__)
constexpr unsigned audit_arch = AUDIT_ARCH_ARM;
#else
#error "the system calls of this machine are unknown"
#endif

constexpr unsigned other_abi = 0x40000000;  // system calls of x32 begin there

/// socket(2) of a family other than AF_UNIX fails with EACCES, and io_uring, which has sockets of its own,
/// with ENOSYS. Between fork and exec: system calls alone.
bool deny_network() noexcept {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit_arch, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, other_abi, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 2),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// In the child, which inherits no socket and no other descriptor.
[[noreturn]] void become(char* const* arguments, int output) noexcept {
  const int nothing = open("/dev/null", O_RDONLY);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) {
    std::signal(signal, SIG_DFL);
  }
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(output, STDERR_FILENO) < 0 || syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) != 0) {
    _exit(static_cast<int>(ErrorKind::unavailable));
  }
  const char* failure = "the network cannot be denied to it: ";
  if (deny_network()) {
    execvp(arguments[0], arguments);
    failure = "cannot be started: ";
  }
  const char* const texts[] = {arguments[0], ": ", failure, std::strerror(errno), "\n"};
  for (const char* text : texts) {
    (void)!write(STDERR_FILENO, text, std::strlen(text));
  }
  _exit(static_cast<int>(ErrorKind::unavailable));
}

}  // namespace

ChildProcess::ChildProcess(boost::asio::io_context& context, OnLine on_line, OnEnd on_end)
    : output_(context),
      exit_(context),
      killer_(context),
      on_line_(std::move(on_line)),
      on_end_(std::move(on_end)) {}

ChildProcess::~ChildProcess() {
  if (child_ > 0) {
    kill(-child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
}

void ChildProcess::start(const std::vector<std::string>& command, Priority priority) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, command[0] + ": " + std::strerror(errno));
  }
  output_.assign(ends[0]);
  const Descriptor theirs(ends[1]);
  child_ = fork();
  if (child_ == 0) {
    setpriority(PRIO_PROCESS, 0, priority == Priority::low ? 10 : 0);
    become(arguments.data(), theirs.get());
  }
  setpgid(child_, child_);
  const int watched = child_ < 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
  if (watched < 0) {
    throw Error(ErrorKind::unavailable, command[0] + ": " + std::strerror(errno));
  }
  exit_.assign(watched);
  read();
  wait();
}

void ChildProcess::read() {
  output_.async_read_some(boost::asio::buffer(bytes_),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            if (!error) {
                              self->take(bytes);
                              self->read();
                            }
                          });
}

/// Lines end with a line break, or with the carriage return by which a terminal's line is written again.
void ChildProcess::take(std::size_t bytes) {
  for (const char c : std::string_view(bytes_.data(), bytes)) {
    if (c != '\n' && c != '\r') {
      if (line_.size() < most_line_bytes) {
        line_ += c;
      }
    } else if (!line_.empty()) {
      on_line_(std::exchange(line_, {}));
    }
  }
}

void ChildProcess::wait() {
  exit_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [self = shared_from_this()](error_code error) {
                     if (!error) {
                       self->finish();
                     }
                   });
}

/// What the child wrote is read first; what it started and left behind ends with it.
void ChildProcess::finish() {
  int status = 0;
  waitpid(child_, &status, 0);
  kill(-child_, SIGKILL);
  child_ = -1;
  killer_.cancel();
  error_code error;
  output_.non_blocking(true, error);
  for (std::size_t bytes = 1; bytes > 0 && !error;) {
    bytes = output_.read_some(boost::asio::buffer(bytes_), error);
    if (!error) {
      take(bytes);
    }
  }
  output_.close(error);
  exit_.close(error);
  if (!line_.empty()) {
    on_line_(std::exchange(line_, {}));
  }
  on_end_(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void ChildProcess::stop() {
  if (child_ <= 0) {
    return;
  }
  kill(-child_, SIGTERM);
  killer_.expires_after(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(patience_seconds)));
  killer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->child_ > 0) {
      kill(-self->child_, SIGKILL);
    }
  });
}

}  // namespace kwsd
