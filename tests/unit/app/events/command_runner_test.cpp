// --exec: how many commands run and wait, and what is killed. Nothing here depends on time: commands wait for
// a file, and the test for what it expects.
#include "app/events/command_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

using namespace kwsd;
using kwsd::test::TemporaryFolder;

namespace {

Event detection(std::int64_t seq) {
  Model model;
  model.labels = {{"stop", LabelKind::keyword}};
  DetectionEvent event;
  event.model = std::make_shared<const Model>(model);
  event.seq = seq;
  return {event, {}};
}

/// Numbers N of the files PREFIX.N.
std::vector<int> numbers(const TemporaryFolder& folder, const std::string& prefix) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().stem() == prefix) {
      found.push_back(std::stoi(entry.path().extension().string().substr(1)));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

template <typename Condition>
void wait_until(const Condition& condition) {
  while (!condition()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// Leaves started.SEQ, waits for the file "go", and leaves done.SEQ.
std::string patient_command(const TemporaryFolder& folder) {
  return "cd " + folder.path().string() +
         R"( && seq=$(sed 's/.*"seq":\([0-9]*\).*/\1/') && : >started.$seq)"
         " && until [ -e go ]; do sleep 0.02; done; : >done.$seq";
}

std::vector<int> one_to(int last) {
  std::vector<int> all;
  for (int n = 1; n <= last; ++n) all.push_back(n);
  return all;
}

}  // namespace

TEST_CASE("exec: the limits are those of the manual") {
  const CommandLimits limits;
  CHECK(limits.most_running == 8);
  CHECK(limits.most_waiting == 64);
  CHECK(limits.longest_run == std::chrono::seconds(60));
}

TEST_CASE("exec: 8 commands run, 64 detections wait, the rest are dropped and counted") {
  const TemporaryFolder folder;
  CommandRunner runner(patient_command(folder), false, EventQueue::WhenFull::drop);
  for (int seq = 1; seq <= 100; ++seq) {
    REQUIRE(runner.inbox().post(detection(seq)));
  }
  wait_until([&] { return runner.dropped() == 100 - 8 - 64; });
  wait_until([&] { return numbers(folder, "started").size() >= 8; });
  CHECK(numbers(folder, "started") == one_to(8));
  (void)folder.write("go");
  wait_until([&] { return numbers(folder, "done").size() >= 72; });
  CHECK(numbers(folder, "done") == one_to(72));
  CHECK(runner.dropped() == 28);
}

TEST_CASE("exec: in a file run nothing is dropped, and the end waits for the last command") {
  const TemporaryFolder folder;
  {
    CommandRunner runner(patient_command(folder), false, EventQueue::WhenFull::wait);
    for (int seq = 1; seq <= 100; ++seq) {
      REQUIRE(runner.inbox().post(detection(seq)));
    }
    wait_until([&] { return numbers(folder, "started").size() >= 8; });
    CHECK(numbers(folder, "started") == one_to(8));
    (void)folder.write("go");
  }
  CHECK(numbers(folder, "done") == one_to(100));
}

TEST_CASE("exec: a command that runs too long is killed, with what it started") {
  const TemporaryFolder folder;
  CommandLimits limits;
  limits.longest_run = std::chrono::seconds(0);
  {
    CommandRunner runner("(until [ -e " + (folder.path() / "go").string() + " ]; do sleep 0.02; done; : >" +
                             (folder.path() / "late.1").string() + ") & wait",
                         false, EventQueue::WhenFull::wait, limits);
    REQUIRE(runner.inbox().post(detection(1)));
  }  // waits for the end of the command, which by itself would never come
  CHECK(numbers(folder, "late").empty());
}
