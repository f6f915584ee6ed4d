// The governor on whole machines: /proc and /sys trees in the layout of a Raspberry Pi with four cores,
// written tick by tick, looked at ten times a second as the daemon does.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <vector>

#include "app/streams/cpu_load.h"
#include "app/streams/governor.h"

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

constexpr int cores = 4;
constexpr double step_seconds = 0.1;

/// A Raspberry Pi whose kernel has pressure-stall information off, as Raspberry Pi OS ships it.
class Pi {
 public:
  Pi() {
    std::string name = (fs::temp_directory_path() / "kwsd-pi-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = name;
    fs::create_directories(root_ / "proc/self");
    fs::create_directories(root_ / "sys/devices/platform/soc/soc:firmware");
    fs::create_directories(cgroup());
    write(root_ / "proc/self/cgroup", "0::/system.slice/kwsd.service\n");
    write(cgroup() / "cpu.max", "max 100000\n");
    write(cgroup().parent_path() / "cpu.max", "max 100000\n");
    firmware("0x0\n");
    show();
    reader_.emplace(root_ / "proc", root_ / "sys");
  }
  ~Pi() { fs::remove_all(root_); }
  Pi(const Pi&) = delete;
  Pi& operator=(const Pi&) = delete;

  void firmware(const std::string& bits) const {
    write(root_ / "sys/devices/platform/soc/soc:firmware/get_throttled", bits);
  }
  /// As a process in a container with a cgroup namespace sees its cgroup.
  void enter_container() {
    write(root_ / "proc/self/cgroup", "0::/\n");
    in_container_ = true;
    show();
    reader_.emplace(root_ / "proc", root_ / "sys");
  }
  /// CPUQuota= of the unit (or of the slice above), in percent of one core.
  void quota(int percent, bool of_slice = false) {
    has_quota_ = true;
    write((of_slice ? cgroup().parent_path() : cgroup()) / "cpu.max",
          std::to_string(percent * 1000) + " 100000\n");
  }
  /// With pressure-stall information: `waiting` is the share of time in which a task waits for a CPU.
  void pressure(std::function<double(double)> waiting) { waiting_ = std::move(waiting); }

  /// Lets `seconds` pass with `busy(t)` of the four cores busy, [0, 4], of which kwsd is `own`, and `held`
  /// the share of time in which its quota is used up. Returns the seconds in each branch.
  std::map<BranchId, double> live(double seconds, const std::function<double(double)>& busy,
                                  double own = 0.05, double held = 0, double backlog_seconds = 0) {
    std::map<BranchId, double> spent;
    for (const double end = now_ + seconds; now_ < end - step_seconds / 2;) {
      now_ += step_seconds;
      const double ticks = step_seconds * 100;
      busy_ticks_ += busy(now_) * ticks;
      idle_ticks_ += (cores - busy(now_)) * ticks;
      used_us_ += own * step_seconds * 1e6;
      held_us_ += held * step_seconds * 1e6;
      stalled_us_ += waiting_ ? waiting_(now_) * step_seconds * 1e6 : 0;
      if (now_ - shown_ > 0.2) {
        show();
      }
      const BranchId before = governor.branch();
      spent[governor.update(now_, reader_->sample(now_), backlog_seconds)] += step_seconds;
      changes += governor.branch() != before ? 1 : 0;
    }
    return spent;
  }

  Governor governor;
  int changes = 0;

 private:
  static void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }
  [[nodiscard]] fs::path cgroup() const {
    return root_ / (in_container_ ? "sys/fs/cgroup" : "sys/fs/cgroup/system.slice/kwsd.service");
  }
  static std::uint64_t whole(double value) { return static_cast<std::uint64_t>(std::llround(value)); }

  void show() {
    shown_ = now_;
    std::ostringstream stat;
    stat << "cpu  " << whole(busy_ticks_) << " 0 0 " << whole(idle_ticks_) << " 0 0 0 0 0 0\nintr 1 2 3\n";
    write(root_ / "proc/stat", stat.str());
    for (const fs::path& level :
         has_quota_ ? std::vector{cgroup(), cgroup().parent_path()} : std::vector<fs::path>{}) {
      write(level / "cpu.stat",
            "usage_usec " + std::to_string(whole(used_us_)) +
                "\nuser_usec 0\nsystem_usec 0\nnr_periods 9\nnr_throttled 9\nthrottled_usec " +
                std::to_string(whole(held_us_)) + "\n");
    }
    if (waiting_) {
      fs::create_directories(root_ / "proc/pressure");
      write(root_ / "proc/pressure/cpu",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=" + std::to_string(whole(stalled_us_)) + "\n");
    }
  }

  fs::path root_;
  std::optional<CpuLoadReader> reader_;
  bool has_quota_ = false, in_container_ = false;
  std::function<double(double)> waiting_;
  double now_ = 1000, shown_ = 0, busy_ticks_ = 5e5, idle_ticks_ = 3e6, used_us_ = 1e6, held_us_ = 0,
         stalled_us_ = 0;
};

std::function<double(double)> always(double cores_busy) {
  return [cores_busy](double) { return cores_busy; };
}

}  // namespace

TEST_CASE("load that dips every second thins the branch, and does not flap") {
  Pi pi;
  // 98 % busy, but for one look in ten at 60 %: never thinner when each look counts for itself.
  const auto dips = [](double t) { return std::fmod(t, 1.0) < 0.95 * step_seconds ? 2.4 : 3.92; };
  auto spent = pi.live(120, dips);
  REQUIRE(spent[BranchId::quarter] > 110);
  REQUIRE(pi.changes == 2);
  spent = pi.live(60, always(0.5));
  REQUIRE(spent[BranchId::full] > 45);
  REQUIRE(pi.changes == 4);
}

TEST_CASE("bursts of a second that leave the machine idle for ten keep the full branch") {
  Pi pi;
  auto spent = pi.live(120, [](double t) { return std::fmod(t, 11.0) < 1 ? 4.0 : 0.3; });
  REQUIRE(spent[BranchId::full] == Approx(120));
}

TEST_CASE("pressure-stall information thins the branch where cores are not busy all the time") {
  Pi pi;
  pi.pressure([](double t) { return t > 1010 ? 0.7 : 0.05; });
  auto spent = pi.live(10, always(2));
  REQUIRE(spent[BranchId::full] == Approx(10));
  pi.live(6, always(2));
  REQUIRE(pi.governor.branch() == BranchId::quarter);
  REQUIRE(pi.governor.reason() == "tasks that wait for a CPU");
}

TEST_CASE("the quota of the unit, or of its slice, counts as the whole machine") {
  const bool of_slice = GENERATE(false, true);
  CAPTURE(of_slice);
  Pi pi;
  pi.quota(10, of_slice);
  auto spent = pi.live(30, always(0.1), 0.05);  // half of the quota
  REQUIRE(spent[BranchId::full] == Approx(30));
  pi.live(10, always(0.1), 0.1, 0.5);  // all of it, and held up half of the time
  REQUIRE(pi.governor.branch() == BranchId::quarter);
  REQUIRE(pi.governor.reason() == "quota of the cgroup");
  REQUIRE(pi.governor.load() == Approx(1.0).margin(0.01));
  pi.quota(400, of_slice);  // changed at run time: from then on there is room
  pi.live(20, always(0.1), 0.1);
  REQUIRE(pi.governor.branch() == BranchId::full);
}

TEST_CASE("in a container the quota lies at the root that it sees") {
  Pi pi;
  pi.enter_container();
  pi.quota(10);
  pi.live(10, always(0.1), 0.1);
  REQUIRE(pi.governor.branch() == BranchId::quarter);
  REQUIRE(pi.governor.reason() == "quota of the cgroup");
}

TEST_CASE("a tighter quota above counts, a wider one does not") {
  Pi pi;
  pi.quota(200);
  pi.quota(10, true);
  pi.live(10, always(0.1), 0.099);
  REQUIRE(pi.governor.branch() == BranchId::quarter);
  Pi other;
  other.quota(200, true);
  other.quota(10);
  other.live(10, always(0.1), 0.099);
  REQUIRE(other.governor.branch() == BranchId::quarter);
}

TEST_CASE("the firmware's report of heat or low voltage thins the branch, its history does not") {
  Pi pi;
  pi.firmware("0xf0000\n");
  auto spent = pi.live(20, always(1));
  REQUIRE(spent[BranchId::full] == Approx(20));
  pi.firmware("0xe0008\n");
  pi.live(5, always(1));
  REQUIRE(pi.governor.branch() == BranchId::half);
  REQUIRE(pi.governor.reason() == "temperature or voltage");
  pi.firmware("e0006\n");
  pi.live(5, always(1));
  REQUIRE(pi.governor.branch() == BranchId::quarter);
  pi.firmware("e0000\n");
  pi.live(15, always(1));
  REQUIRE(pi.governor.branch() == BranchId::full);
}

TEST_CASE("sound that waits thins the branch at once, on an idle machine, too") {
  Pi pi;
  pi.live(5, always(1), 0.05, 0, 0);
  pi.live(0.2, always(1), 0.05, 0, 0.6);
  REQUIRE(pi.governor.branch() == BranchId::quarter);
  REQUIRE(pi.governor.reason() == "sound that waits");
}

TEST_CASE("texts of the kernel's cgroup and firmware files") {
  REQUIRE(parse_quota("20000 100000\n").value() == Approx(0.2));
  for (const char* text : {"", "max 100000\n", "20000", "0 100000", "20000 0", "-1 5", "x y"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_quota(text));
  }
  QuotaCounters counters;
  REQUIRE(parse_cgroup_stat("usage_usec 5\nuser_usec 1\nthrottled_usec 7\n", counters));
  REQUIRE((counters.used_us == 5 && counters.stalled_us == 7));
  for (const char* text : {"", "usage_usec 5\n", "usage_usec\nthrottled_usec 1\n",
                           "usage_usec x\nthrottled_usec 1\n", "usage_usecs 5\nthrottled_usec 1\n"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_cgroup_stat(text, counters));
  }
  REQUIRE(parse_throttling("0x50005\n") == Throttling::throttled);
  REQUIRE(parse_throttling("2") == Throttling::capped);
  for (const char* text : {"", "0x", "0", "50000", "0x4 junk", "fffffffff", "-4", "\xff"}) {
    CAPTURE(text);
    REQUIRE(parse_throttling(text) == Throttling::none);
  }
}
