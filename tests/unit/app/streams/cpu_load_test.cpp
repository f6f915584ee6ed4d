// Reading the load of the machine from /proc trees: real ones, missing ones, hostile ones.
#include "app/streams/cpu_load.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

/// A /proc tree that can be changed between two looks.
class ProcTree {
 public:
  ProcTree() {
    std::string name = (fs::temp_directory_path() / "kwsd-proc-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = name;
    fs::create_directories(root_ / "pressure");
  }
  ~ProcTree() { fs::remove_all(root_); }
  void stat(const std::string& text) const { std::ofstream(root_ / "stat") << text; }
  void pressure(const std::string& text) const { std::ofstream(root_ / "pressure/cpu") << text; }
  void copy(const std::string& recorded) const {
    fs::copy(fs::path(KWSD_SOURCE "/tests/data") / "proc" / recorded, root_,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  [[nodiscard]] const fs::path& root() const { return root_; }
  [[nodiscard]] fs::path sys() const { return root_ / "sys"; }

 private:
  fs::path root_;
};

CpuLoad load_of_stat(const std::string& before, const std::string& after) {
  const ProcTree tree;
  CpuLoadReader reader(tree.root(), tree.sys());
  tree.stat(before);
  (void)reader.sample(0);
  tree.stat(after);
  return reader.sample(1);
}

}  // namespace

TEST_CASE("load of a recorded tree") {
  const ProcTree tree;
  CpuLoadReader reader(tree.root(), tree.sys());
  tree.copy("x86_busy_0");
  (void)reader.sample(10);
  tree.copy("x86_busy_1");
  const CpuLoad load = reader.sample(11);
  REQUIRE(load.busy.value() == Approx(410.0 / 410));
  REQUIRE(load.pressure.value() == Approx(0.767947));
}

TEST_CASE("the first look has no interval: only the kernel's own average") {
  const ProcTree tree;
  tree.copy("x86_busy_0");
  CpuLoadReader reader(tree.root(), tree.sys());
  const CpuLoad first = reader.sample(10);
  REQUIRE_FALSE(first.busy);
  REQUIRE(first.pressure.value() == Approx(0.71));
}

TEST_CASE("a kernel without pressure-stall information") {
  const ProcTree tree;
  tree.copy("x86_busy_0");
  SECTION("no such file") {
    fs::remove_all(tree.root() / "pressure");
  }
  SECTION("an empty one") {
    tree.pressure("");
  }
  SECTION("a directory in its place") {
    fs::remove(tree.root() / "pressure/cpu");
    fs::create_directory(tree.root() / "pressure/cpu");
  }
  SECTION("a FIFO that nobody writes to") {
    fs::remove(tree.root() / "pressure/cpu");
    REQUIRE(mkfifo((tree.root() / "pressure/cpu").c_str(), 0600) == 0);
  }
  CpuLoadReader reader(tree.root(), tree.sys());
  REQUIRE_FALSE(reader.sample(0).pressure);
  fs::copy(fs::path(KWSD_SOURCE "/tests/data") / "proc/x86_busy_1/stat", tree.root() / "stat",
           fs::copy_options::overwrite_existing);
  const CpuLoad load = reader.sample(1);
  REQUIRE_FALSE(load.pressure);
  REQUIRE(load.busy.value() == Approx(410.0 / 410));
}

TEST_CASE("no /proc at all") {
  CpuLoadReader reader("/nonexistent", "/nonexistent");
  for (int t = 0; t < 3; ++t) {
    const CpuLoad load = reader.sample(t);
    REQUIRE_FALSE(load.busy);
    REQUIRE_FALSE(load.pressure);
  }
}

TEST_CASE("counters that fall, stand still or jump") {
  REQUIRE_FALSE(load_of_stat("cpu  100 0 100 1000 0 0 0 0\n", "cpu  90 0 100 1100 0 0 0 0\n").busy);
  REQUIRE_FALSE(load_of_stat("cpu  100 0 100 1000 0 0 0 0\n", "cpu  100 0 100 1000 0 0 0 0\n").busy);
  // A CPU unplugged: its idle time is taken away. One interval is lost, the next counts again.
  REQUIRE_FALSE(load_of_stat("cpu  100 0 100 4000 0 0 0 0\n", "cpu  150 0 100 3100 0 0 0 0\n").busy);
  // iowait falls by nature.
  REQUIRE(load_of_stat("cpu  100 0 0 1000 50 0 0 0\n", "cpu  125 0 0 1075 40 0 0 0\n").busy.value() ==
          Approx(0.25));
  REQUIRE(load_of_stat("cpu  0 0 0 0 0 0 0 0\n", "cpu  18446744073709551615 0 0 0 0 0 0 0\n").busy.value() ==
          1.0);
}

TEST_CASE("a pressure that falls or a clock that stands") {
  CpuCounters before, after;
  before.stalled_us = 5'000'000;
  after.stalled_us = 5'500'000;
  REQUIRE(load_between(before, after, 1.0).pressure.value() == Approx(0.5));
  REQUIRE(load_between(before, after, 0.1).pressure.value() == 1.0);
  REQUIRE_FALSE(load_between(before, after, 0.0).pressure);
  REQUIRE_FALSE(load_between(before, after, -1.0).pressure);
  REQUIRE_FALSE(load_between(after, before, 1.0).pressure);
}

TEST_CASE("old kernels and other shapes of stat") {
  REQUIRE(parse_stat("cpu  1 2 3 4\n").value() == std::array<std::uint64_t, 8>{1, 2, 3, 4, 0, 0, 0, 0});
  REQUIRE(parse_stat("intr 5\ncpu 1 2 3 4 5 6 7 8 9 10").value() ==
          std::array<std::uint64_t, 8>{1, 2, 3, 4, 5, 6, 7, 8});
  for (const char* text :
       {"", "cpu", "cpu ", "cpu  1 2 3\n", "cpu0 1 2 3 4\n", "cpu  1 2 3 x\n", "cpu  1 2 3 4 x\n",
        "cpu  -1 2 3 4\n", "cpu  1 2 3 99999999999999999999999\n", "cpu  1 2 3 4.5\n", "CPU  1 2 3 4\n"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_stat(text));
  }
}

TEST_CASE("shapes of the pressure file") {
  CpuCounters counters;
  parse_pressure("some avg10=7.50 avg60=0.00 avg300=0.00 total=12\n", counters);
  REQUIRE(counters.stalled_us == 12U);
  REQUIRE(counters.average_pressure == Approx(0.07));
  parse_pressure("some total=13\n", counters);
  REQUIRE(counters.stalled_us == 13U);
  REQUIRE(counters.average_pressure == 0.0);
  parse_pressure("some avg10=99999 total=14\n", counters);
  REQUIRE(counters.average_pressure == 1.0);
  for (const char* text : {"", "some", "some avg10=1.0\n", "some total=\n", "some total=-4\n",
                           "full total=5\n", "some total=99999999999999999999999\n"}) {
    CAPTURE(text);
    parse_pressure(text, counters);
    REQUIRE_FALSE(counters.stalled_us);
  }
}

TEST_CASE("random bytes in both files give values in range or none") {
  const unsigned seed = 7;
  CAPTURE(seed);
  std::mt19937 generator(seed);
  const std::string alphabet = "cpu some avg10=total=0123456789 .-\n\0\xff";
  const ProcTree tree;
  CpuLoadReader reader(tree.root(), tree.sys());
  for (int i = 0; i < 500; ++i) {
    std::string text(generator() % 700, ' ');
    for (char& c : text) c = alphabet[generator() % alphabet.size()];
    tree.stat((i % 3 == 0 ? "cpu  1 2 3 " : "") + text);
    tree.pressure((i % 3 == 1 ? "some total=" : "") + text);
    const CpuLoad load = reader.sample(i);
    for (const auto& value : {load.busy, load.pressure}) {
      REQUIRE((!value || (*value >= 0 && *value <= 1)));
    }
  }
}

TEST_CASE("this machine's own /proc is understood") {
  if (!fs::exists("/proc/stat")) {
    WARN("skipped: no /proc/stat here");
    return;
  }
  std::ifstream file("/proc/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(parse_stat(text));
}
