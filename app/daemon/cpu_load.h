// How busy the machine is, from /proc. Linux only. Thread: one; nothing allocates after construction.
//
// Everything read is treated as hostile: a file that is missing, unreadable, not as expected or whose
// counters do not grow gives no value for that interval, never an error.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kwsd {

/// Both are of the interval since the last sample. No value: the machine does not say.
struct CpuLoad {
  std::optional<double> busy;      ///< share of all CPUs' time that was not idle or waiting for I/O, [0, 1]
  std::optional<double> pressure;  ///< share of time in which some task waited for a CPU, [0, 1]
};

/// Counters of one look at the machine.
struct CpuCounters {
  /// First line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in clock ticks. (guest
  /// is part of user.) Old kernels lack the last ones: 0.
  std::optional<std::array<std::uint64_t, 8>> ticks;
  std::optional<std::uint64_t> stalled_us;  ///< "some ... total=" of /proc/pressure/cpu
  double average_pressure = 0;              ///< its avg10, [0, 1]; for the first interval
};

/// Text of /proc/stat -> ticks. No value unless the line "cpu" has at least user to idle.
[[nodiscard]] std::optional<std::array<std::uint64_t, 8>> parse_stat(std::string_view text) noexcept;
/// Text of /proc/pressure/cpu -> stalled_us and average_pressure.
void parse_pressure(std::string_view text, CpuCounters& counters) noexcept;

/// What happened between two looks `elapsed_seconds` apart. A CPU that was unplugged may let counters fall or
/// jump: an interval in which one fell has no value (iowait, which falls by nature, counts as still).
[[nodiscard]] CpuLoad load_between(const CpuCounters& before, const CpuCounters& after,
                                   double elapsed_seconds) noexcept;

class CpuLoadReader {
 public:
  explicit CpuLoadReader(const std::filesystem::path& proc = "/proc");

  /// The load since the last call; the first one gives only pressure, of the last 10 s. `now_seconds`: a
  /// monotonic clock.
  [[nodiscard]] CpuLoad sample(double now_seconds) noexcept;

 private:
  std::string stat_file_, pressure_file_;
  std::optional<CpuCounters> last_;
  double last_seconds_ = 0;
};

}  // namespace kwsd
