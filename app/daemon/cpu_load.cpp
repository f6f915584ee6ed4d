#include "app/daemon/cpu_load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace kwsd {
namespace {

enum Field : std::size_t { user, nice, system, idle, iowait, irq, softirq, steal, fields };

/// Takes an unsigned number off the front of `text`, after blanks. False when there is none or it is too
/// large.
bool take_number(std::string_view& text, std::uint64_t& out) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// The rest of the first line of `text` that begins with `start`; empty where there is none.
std::string_view line_after(std::string_view text, std::string_view start) noexcept {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (text.substr(0, end).starts_with(start)) {
      return text.substr(start.size(), end - start.size());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

/// The first bytes of a file; none where it cannot be read. A FIFO or device in its place does not block.
std::string_view read_start(const std::string& file, std::span<char> buffer) noexcept {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return {};
  }
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

std::optional<double> busy_between(const std::array<std::uint64_t, fields>& before,
                                   const std::array<std::uint64_t, fields>& after) noexcept {
  double total = 0;
  double resting = 0;
  for (std::size_t f = 0; f < fields; ++f) {
    if (after[f] < before[f]) {
      if (f == iowait) {
        continue;
      }
      return std::nullopt;
    }
    const auto ticks = static_cast<double>(after[f] - before[f]);
    total += ticks;
    resting += f == idle || f == iowait ? ticks : 0;
  }
  return total > 0 ? std::optional<double>((total - resting) / total) : std::nullopt;
}

}  // namespace

std::optional<std::array<std::uint64_t, 8>> parse_stat(std::string_view text) noexcept {
  std::string_view line = line_after(text, "cpu ");
  std::array<std::uint64_t, fields> ticks{};
  for (std::size_t f = 0; f < fields; ++f) {
    if (!take_number(line, ticks[f])) {
      return f > idle && line.find_first_not_of(' ') == std::string_view::npos ? std::optional(ticks)
                                                                               : std::nullopt;
    }
  }
  return ticks;
}

void parse_pressure(std::string_view text, CpuCounters& counters) noexcept {
  counters.stalled_us.reset();
  const std::string_view line = line_after(text, "some ");
  const std::size_t total = line.find("total=");
  std::uint64_t stalled_us = 0;
  if (total == std::string_view::npos) {
    return;
  }
  std::string_view digits = line.substr(total + 6);
  if (!take_number(digits, stalled_us)) {
    return;
  }
  counters.stalled_us = stalled_us;
  counters.average_pressure = 0;
  constexpr std::string_view key = "avg10=";
  std::uint64_t percent = 0;
  if (line.starts_with(key)) {
    std::string_view number = line.substr(key.size());
    if (take_number(number, percent)) {
      counters.average_pressure = static_cast<double>(std::min<std::uint64_t>(percent, 100)) / 100;
    }
  }
}

CpuLoad load_between(const CpuCounters& before, const CpuCounters& after, double elapsed_seconds) noexcept {
  CpuLoad load;
  if (before.ticks && after.ticks) {
    load.busy = busy_between(*before.ticks, *after.ticks);
  }
  if (before.stalled_us && after.stalled_us && *after.stalled_us >= *before.stalled_us &&
      elapsed_seconds > 0) {
    const double stalled_seconds = static_cast<double>(*after.stalled_us - *before.stalled_us) * 1e-6;
    load.pressure = std::min(stalled_seconds / elapsed_seconds, 1.0);
  }
  return load;
}

CpuLoadReader::CpuLoadReader(const std::filesystem::path& proc)
    : stat_file_(proc / "stat"), pressure_file_(proc / "pressure" / "cpu") {}

CpuLoad CpuLoadReader::sample(double now_seconds) noexcept {
  std::array<char, 512> buffer;
  CpuCounters now;
  now.ticks = parse_stat(read_start(stat_file_, buffer));
  parse_pressure(read_start(pressure_file_, buffer), now);
  CpuLoad load;
  if (last_) {
    load = load_between(*last_, now, now_seconds - last_seconds_);
  } else if (now.stalled_us) {
    load.pressure = now.average_pressure;
  }
  last_ = now;
  last_seconds_ = now_seconds;
  return load;
}

}  // namespace kwsd
