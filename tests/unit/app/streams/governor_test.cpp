// The governor on traces of load, with the trace's own clock.
#include "app/streams/governor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

std::optional<double> value_of(const std::string& text) {
  return text == "-" ? std::nullopt : std::optional(std::stod(text));
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Feeds the same load twice a second over (from, to].
void feed(Governor& governor, double from, double to, const CpuLoad& load, double backlog_seconds = 0) {
  for (double t = from + 0.5; t <= to; t += 0.5) {
    governor.update(t, load, backlog_seconds);
  }
}

}  // namespace

TEST_CASE("the governor chooses what the traces say") {
  int traces = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(KWSD_SOURCE "/tests/data") / "governor")) {
    ++traces;
    std::ifstream file(entry.path());
    Governor governor;
    std::string line;
    while (std::getline(file, line)) {
      if (line.starts_with('#')) continue;
      std::istringstream words(line);
      std::string seconds, busy, pressure, backlog, branch;
      REQUIRE(words >> seconds >> busy >> pressure >> backlog >> branch);
      const BranchId chosen =
          governor.update(std::stod(seconds), {value_of(busy), value_of(pressure)}, std::stod(backlog));
      INFO(entry.path().filename() << ": " << line);
      REQUIRE(branch_name(chosen) == branch);
    }
  }
  REQUIRE(traces >= 9);
}

TEST_CASE("nonsense in the numbers never moves the governor") {
  Governor governor;
  governor.update(0, {}, 0);
  feed(governor, 0, 30, {not_a_number, not_a_number}, not_a_number);
  REQUIRE(governor.branch() == BranchId::full);
  feed(governor, 30, 60, {-5.0, -1e300}, -1);
  REQUIRE(governor.branch() == BranchId::full);
  governor.update(not_a_number, {1.0, 1.0}, 0);
  REQUIRE(governor.branch() == BranchId::full);
  feed(governor, 60, 90, {1.0, 1.0}, 0);
  REQUIRE(governor.branch() == BranchId::quarter);
}

TEST_CASE("the load reported is the greater of the two, negative when unknown") {
  Governor governor;
  REQUIRE(governor.load() < 0);
  governor.update(0, {0.3, 0.6}, 0);
  REQUIRE(governor.load() == 0.6);
  governor.update(1, {0.3, std::nullopt}, 0);
  REQUIRE(governor.load() == 0.3);
  governor.update(2, {}, 0);
  REQUIRE(governor.load() < 0);
}

TEST_CASE("switches are at least a dwell time apart, whatever the load does") {
  // A load that jumps between idle and full at random: no two switches by load within thin_after_seconds, and
  // never a wider branch within widen_after_seconds of the last switch.
  std::uint32_t state = 12345;
  Governor governor;
  const GovernorParams params;
  double last_switch = -100;
  BranchId branch = BranchId::full;
  int switches = 0;
  for (int i = 0; i < 20000; ++i) {
    const double now = i * 0.25;
    state = state * 1664525U + 1013904223U;
    const double busy = (i / 200) % 2 == 0 ? 0.1 : static_cast<double>(state >> 8) / (1 << 24) * 0.4 + 0.7;
    const BranchId next = governor.update(now, {busy, std::nullopt}, 0);
    if (next != branch) {
      INFO("at " << now << " s");
      REQUIRE(now - last_switch >= (next > branch ? params.thin_after_seconds : params.widen_after_seconds));
      last_switch = now;
      branch = next;
      ++switches;
    }
  }
  REQUIRE(switches > 20);
}
