// The governor on recordings of whole machines (tests/data/README.md), look by look.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "app/streams/cpu_load.h"
#include "app/streams/governor.h"

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

struct Look {
  double seconds;        // of the machine's clock
  int busy_cores;        // that loops keep busy; -1: the recording does not say
  double phase_seconds;  // since that number of cores is busy
  CpuLoad load;
  BranchId branch;  // that the governor chooses
};

struct Replay {
  std::vector<Look> looks;
  Governor governor;
};

/// Shows tests/data/proc/NAME to reader and governor, with pressure-stall information as far as the machine
/// had it, or without.
Replay replay(const std::string& name, bool show_pressure = true) {
  std::string folder = (fs::temp_directory_path() / "kwsd-looks-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const fs::path proc = folder;
  fs::create_directories(proc / "pressure");
  CpuLoadReader reader(proc, proc / "sys");
  Replay replay;
  int busy_cores = -1;
  double phase_start = 0;
  std::ifstream file(fs::path(KWSD_SOURCE) / "tests/data/proc" / name);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) {  // "# Linux ...", "# 3 busy"
      busy_cores = line.ends_with(" busy") ? std::stoi(line.substr(2)) : -1;
      phase_start = -1;
      continue;
    }
    const std::size_t stat = line.find('\t') + 1, pressure = line.find('\t', stat) + 1;
    const double seconds = std::stod(line);
    phase_start = phase_start < 0 ? seconds : phase_start;
    std::ofstream(proc / "stat") << line.substr(stat, pressure - stat - 1) << "\nintr 1 2 3\n";
    if (show_pressure && pressure < line.size()) {
      std::ofstream(proc / "pressure/cpu") << line.substr(pressure) << '\n';
    }
    const CpuLoad load = reader.sample(seconds);
    const BranchId branch = replay.governor.update(seconds, load, 0);
    replay.looks.push_back({seconds, busy_cores, seconds - phase_start, load, branch});
  }
  fs::remove_all(proc);
  return replay;
}

/// Instructions a second of sound of the streaming net with the `a53` kernels, from tests/bench/figures.tsv
/// (which has them per hop of 96 ms).
double instructions_per_second(BranchId branch) {
  std::ifstream file(fs::path(KWSD_SOURCE) / "tests/bench/figures.tsv");
  double sum = 0;
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string name = line.substr(0, line.find('\t'));
    const std::string start = "a53 streaming, ";
    if (name == start + "next hop of the " + branch_name(branch) ||
        name == start + "hop of 96 ms, " + branch_name(branch) + ": mfcc") {
      sum += std::stod(line.substr(line.find('\t')));
      ++rows;
    }
  }
  REQUIRE(rows == 2);
  return sum / 0.096;
}

}  // namespace

TEST_CASE("recorded: of four Cortex-A53 cores up to three busy ones keep the full branch, four thin it") {
  const auto [recording, has_pressure] =
      GENERATE(std::pair("a53_4_cores.looks", true), std::pair("a53_4_cores_no_psi.looks", false));
  CAPTURE(recording);
  const Replay replayed = replay(recording);
  REQUIRE(replayed.looks.size() == 180);
  std::vector<int> phases;
  for (const Look& look : replayed.looks) {
    CAPTURE(look.seconds, look.busy_cores, look.phase_seconds);
    if (look.phase_seconds == 0) {
      phases.push_back(look.busy_cores);
    }
    CHECK(look.load.pressure.has_value() == has_pressure);
    CHECK(look.load.pressure.value_or(0) < GovernorParams{}.pressure.half);
    if (look.phase_seconds > load_span_seconds) {
      CHECK(look.load.busy.value() == Approx(look.busy_cores / 4.0).margin(0.08));
    }
    if (phases.size() < 5) {
      CHECK(look.branch == BranchId::full);
    } else if (look.busy_cores == 4 ? look.phase_seconds > 6 : look.phase_seconds < 5) {
      CHECK(look.branch == BranchId::quarter);
    }
  }
  CHECK(phases == std::vector{0, 1, 2, 3, 4, 0});
  CHECK(replayed.looks.back().branch == BranchId::full);
}

TEST_CASE("recorded: what thinning saves while four of four cores are busy, in instructions a second") {
  double chosen = 0;
  int looks = 0;
  for (const Look& look : replay("a53_4_cores_no_psi.looks").looks) {
    if (look.busy_cores == 4) {
      chosen += instructions_per_second(look.branch);
      ++looks;
    }
  }
  REQUIRE(looks == 30);
  const double full = instructions_per_second(BranchId::full),
               quarter = instructions_per_second(BranchId::quarter);
  const double saved = 1 - chosen / looks / full;
  CAPTURE(chosen / looks, full, instructions_per_second(BranchId::half), quarter, saved);
  CHECK(saved < 1 - quarter / full);
  // The rest passes before the mean of the last seconds has risen.
  CHECK(saved > 0.7 * (1 - quarter / full));
}

TEST_CASE("recorded: both cores of a machine busy, with and without pressure-stall information") {
  const bool has_pressure = GENERATE(true, false);
  CAPTURE(has_pressure);
  double quarter_since = 0;
  const Replay replayed = replay("x86_2_of_2_busy.looks", has_pressure);
  for (const Look& look : replayed.looks) {
    CHECK(look.load.pressure.has_value() == has_pressure);
    if (look.branch != BranchId::quarter) {
      quarter_since = look.seconds;
    } else {
      CHECK(look.load.busy.value() > 0.98);
    }
  }
  CHECK(replayed.looks.back().seconds > 29);
  CHECK(quarter_since < 3);
}
