// The load of the machine, the share of it that this process may use, and thermal throttling: from /proc and
// /sys. Linux only. Thread: one; nothing allocates after construction.
//
// All input is treated as hostile: a file that is missing, unreadable or malformed, or whose counters do not
// grow, gives no value for that interval, never an error.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// Thermal and under-voltage limits set by the firmware of a Raspberry Pi.
enum class Throttling : std::uint8_t {
  none,
  capped,    ///< the clock is limited: soft temperature limit or under-voltage
  throttled  ///< the clock is cut: hard temperature limit
};

/// Shares are means over load_span_seconds, or over the part of it that has passed. No value: the machine
/// does not report it.
struct CpuLoad {
  /// Share of all CPUs' time that was not idle or waiting for I/O, [0, 1].
  std::optional<double> busy{};
  /// Share of time in which some task waited for a CPU, [0, 1]; the greater of the machine's and that in
  /// which this process's cgroup had used up its quota.
  std::optional<double> pressure{};
  /// CPU time of the cgroup as a share of its quota, [0, 1]; none without a quota.
  std::optional<double> quota{};
  Throttling throttling = Throttling::none;  ///< at the last look
};

/// One quota: that of this process's cgroup, or of one above.
struct QuotaCounters {
  std::size_t level = 0;         ///< index of the cgroup whose quota it is; others are not compared
  double cpus = 0;               ///< CPUs' worth of time that it grants, > 0
  std::uint64_t used_us = 0;     ///< CPU time
  std::uint64_t stalled_us = 0;  ///< in which the quota was used up
};

/// Counters of one sample of the machine's state.
struct CpuCounters {
  /// First line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in clock ticks. (guest
  /// is part of user.) Old kernels lack the last ones: 0.
  std::optional<std::array<std::uint64_t, 8>> ticks;
  std::optional<std::uint64_t> stalled_us;  ///< "some ... total=" of /proc/pressure/cpu
  double average_pressure = 0;              ///< its avg10, [0, 1]; for the first interval
  std::optional<QuotaCounters> quota;       ///< the tightest one
};

/// Text of /proc/stat -> ticks. No value unless the line "cpu" has at least user to idle.
[[nodiscard]] std::optional<std::array<std::uint64_t, 8>> parse_stat(std::string_view text) noexcept;
/// Text of /proc/pressure/cpu -> stalled_us and average_pressure.
void parse_pressure(std::string_view text, CpuCounters& counters) noexcept;
/// Text of a cgroup's cpu.max ("20000 100000") -> CPUs' worth of time. No value for "max" and for nonsense.
[[nodiscard]] std::optional<double> parse_quota(std::string_view text) noexcept;
/// Text of a cgroup's cpu.stat -> used_us and stalled_us; false where one is missing.
[[nodiscard]] bool parse_cgroup_stat(std::string_view text, QuotaCounters& counters) noexcept;
/// Text of the firmware's get_throttled, hexadecimal: bits 0 to 3 are under-voltage, clock capped, throttled
/// and soft temperature limit, as they are now.
[[nodiscard]] Throttling parse_throttling(std::string_view text) noexcept;

/// The load between two samples `elapsed_seconds` apart. Unplugging a CPU may make counters fall or jump: an
/// interval in which one fell has no value (iowait, which falls by nature, counts as unchanged).
[[nodiscard]] CpuLoad load_between(const CpuCounters& before, const CpuCounters& after,
                                   double elapsed_seconds) noexcept;

constexpr double load_span_seconds = 3;
constexpr double look_seconds = 0.25;  ///< the least time between two looks

class CpuLoadReader {
 public:
  explicit CpuLoadReader(const std::filesystem::path& proc = "/proc",
                         const std::filesystem::path& sys = "/sys");

  /// The load over the last load_span_seconds; the same as before where the last look is less than
  /// look_seconds old. The first look gives only pressure, of the last 10 s. `now_seconds`: a monotonic
  /// clock.
  [[nodiscard]] CpuLoad sample(double now_seconds) noexcept;

 private:
  struct Look {
    double seconds = 0;
    CpuCounters counters;
  };
  struct Cgroup {
    std::string max_file, stat_file;
  };

  void find_cgroups(const std::filesystem::path& proc, const std::filesystem::path& sys);
  [[nodiscard]] std::optional<QuotaCounters> tightest_quota() const noexcept;
  void forget_old(const Look& now) noexcept;

  std::string stat_file_, pressure_file_, throttling_file_;
  std::vector<Cgroup> cgroups_;   // of this process, then those above
  std::array<Look, 16> looks_{};  // the oldest first
  std::size_t count_ = 0;
  CpuLoad load_;
};

}  // namespace kwsd
