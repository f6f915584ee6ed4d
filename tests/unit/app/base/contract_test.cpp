// Contracts between threads. A broken one ends the program, here a child's.
#include "app/base/contract.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <string>

#include "app/audio/capture_buffer.h"

using namespace kwsd;

namespace {

/// Whether `act` ends a program with SIGABRT.
template <typename Act>
bool aborts(Act act) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // not the handler of the tests
    std::fclose(stderr);
    act();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

#ifdef KWSD_CONTRACTS
TEST_CASE("contract: where nothing may be allocated, an allocation ends the program") {
  const auto allocate = [] { const std::string text(1000, 'x'); };
  CHECK(!aborts(allocate));
  CHECK(aborts([&] {
    const NoAllocation guard;
    allocate();
  }));
  CHECK(aborts([&] {
    const NoAllocation outer;
    { const NoAllocation inner; }
    allocate();
  }));
}

TEST_CASE("contract: each end of a capture buffer stays on one thread") {
  const std::vector<float> sound(100);
  CHECK(aborts([&] {
    CaptureBuffer buffer(10000);
    buffer.begin(16000);
    buffer.push(sound);
    std::thread([&] { buffer.push(sound); }).join();
  }));
  CHECK(!aborts([&] {
    CaptureBuffer buffer(10000);
    buffer.begin(16000);
    buffer.push(sound);
    buffer.begin(48000);  // another stream may have another thread
    std::thread([&] { buffer.push(sound); }).join();
  }));
  CHECK(aborts([&] {
    CaptureBuffer buffer(10000);
    std::vector<float> out(CaptureBuffer::block_samples);
    (void)buffer.read(out, std::chrono::milliseconds(0));
    std::thread([&] { (void)buffer.read(out, std::chrono::milliseconds(0)); }).join();
  }));
}

TEST_CASE("contract: a resampler takes what it was made for") {
  const std::vector<float> sound(101);
  CHECK(!aborts([&] { (void)Resampler(48000, 16000, 101).process(sound, false); }));
  CHECK(aborts([&] { (void)Resampler(48000, 16000, 100).process(sound, false); }));
}
#endif
