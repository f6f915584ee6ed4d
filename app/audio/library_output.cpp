#include "app/audio/library_output.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cassert>  // declares __assert_fail
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "engine/model/error.h"

namespace kwsd {

namespace {

constexpr std::size_t most_bytes = 1U << 16U;
constexpr int most_lines = 100;

/// Where execution continues after a failed assertion.
struct AssertionTrap {
  jmp_buf landing;
  char text[256];
};
thread_local AssertionTrap* assertion_trap = nullptr;

/// False if an assertion failed. Holds no object across the jump.
bool ran(void (*run)(void*), void* context, AssertionTrap* trap) noexcept {
  if (setjmp(trap->landing) != 0) {  // NOLINT
    assertion_trap = nullptr;
    return false;
  }
  assertion_trap = trap;
  run(context);
  assertion_trap = nullptr;
  return true;
}

}  // namespace

LibraryOutput::LibraryOutput() noexcept : kept_(memfd_create("kwsd-stderr", MFD_CLOEXEC)) {
  if (kept_ < 0) {
    return;
  }
  std::fflush(stderr);
  saved_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved_ >= 0) {
    dup2(kept_, STDERR_FILENO);
  }
}

LibraryOutput::~LibraryOutput() {
  (void)end();
}

std::string LibraryOutput::reason() {
  return end();
}

std::string LibraryOutput::end() noexcept try {
  if (saved_ < 0) {
    if (kept_ >= 0) {
      close(std::exchange(kept_, -1));
    }
    return {};
  }
  std::fflush(stderr);
  dup2(saved_, STDERR_FILENO);
  close(std::exchange(saved_, -1));
  std::string text(most_bytes, '\0');
  const ssize_t got = pread(kept_, text.data(), text.size(), 0);
  close(std::exchange(kept_, -1));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::string last, alsa;
  std::istringstream stream(text);
  int lines = 0;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) {
      continue;
    }
    if (++lines <= most_lines) {
      spdlog::debug("sound system: {}", line);
    }
    last = line;
    alsa = line.starts_with("ALSA lib ") ? line : alsa;
  }
  const std::string& reason = alsa.empty() ? last : alsa;
  return reason.empty() ? reason : ": " + reason;
} catch (const std::exception&) {
  return {};
}

void run_trapped(void (*run)(void*), void* context) {
  AssertionTrap trap{};
  if (!ran(run, context, &trap)) {
    throw Error(ErrorKind::unavailable, std::string("the sound system failed: ") + trap.text);
  }
}

}  // namespace kwsd

/// Replaces the C library's function for the whole program.
extern "C" void __assert_fail(const char* assertion, const char* file, unsigned line,
                              const char* function) noexcept {
  using kwsd::assertion_trap;
  if (assertion_trap != nullptr) {
    std::snprintf(assertion_trap->text, sizeof assertion_trap->text, "%s:%u: %s: assertion '%s'", file, line,
                  function, assertion);
    longjmp(assertion_trap->landing, 1);
  }
  spdlog::critical("{}:{}: {}: assertion '{}' failed", file, line, function, assertion);
  std::abort();
}
