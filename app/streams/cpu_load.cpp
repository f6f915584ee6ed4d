#include "app/streams/cpu_load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <tuple>

namespace kwsd {
namespace {

enum Field : std::size_t { user, nice, system, idle, iowait, irq, softirq, steal, fields };

/// Removes an unsigned number from the front of `text`, after blanks. False if there is none or it is too
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

/// The number that follows "`name` " at the beginning of a line.
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view name) noexcept {
  std::string_view rest = line_after(text, name);
  std::uint64_t value = 0;
  return rest.starts_with(' ') && take_number(rest, value) ? std::optional(value) : std::nullopt;
}

/// The first bytes of a file; none if it cannot be read. A FIFO or device in its place does not block.
std::string_view read_start(const std::string& file, std::span<char> buffer) noexcept {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return {};
  }
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

using Ticks = std::array<std::uint64_t, fields>;

bool fell(const Ticks& before, const Ticks& after) noexcept {
  for (std::size_t f = 0; f < fields; ++f) {
    if (f != iowait && after[f] < before[f]) {
      return true;
    }
  }
  return false;
}

/// Whether no counter known in both has decreased.
bool comparable(const CpuCounters& before, const CpuCounters& after) noexcept {
  return !(before.ticks && after.ticks && fell(*before.ticks, *after.ticks)) &&
         !(before.stalled_us && after.stalled_us && *after.stalled_us < *before.stalled_us);
}

std::optional<double> busy_between(const Ticks& before, const Ticks& after) noexcept {
  if (fell(before, after)) {
    return std::nullopt;
  }
  double total = 0;
  double resting = 0;
  for (std::size_t f = 0; f < fields; ++f) {
    const auto ticks = after[f] > before[f] ? static_cast<double>(after[f] - before[f]) : 0.0;
    total += ticks;
    resting += f == idle || f == iowait ? ticks : 0;
  }
  return total > 0 ? std::optional<double>((total - resting) / total) : std::nullopt;
}

}  // namespace

std::optional<std::array<std::uint64_t, 8>> parse_stat(std::string_view text) noexcept {
  std::string_view line = line_after(text, "cpu ");
  Ticks ticks{};
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

std::optional<double> parse_quota(std::string_view text) noexcept {
  std::uint64_t quota_us = 0;
  std::uint64_t period_us = 0;
  if (!take_number(text, quota_us) || !take_number(text, period_us) || quota_us == 0 || period_us == 0) {
    return std::nullopt;
  }
  return static_cast<double>(quota_us) / static_cast<double>(period_us);
}

bool parse_cgroup_stat(std::string_view text, QuotaCounters& counters) noexcept {
  const auto used_us = number_of(text, "usage_usec");
  const auto stalled_us = number_of(text, "throttled_usec");
  counters.used_us = used_us.value_or(0);
  counters.stalled_us = stalled_us.value_or(0);
  return used_us && stalled_us;
}

Throttling parse_throttling(std::string_view text) noexcept {
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
  }
  std::uint32_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc{} || !(rest.empty() || rest == "\n")) {
    return Throttling::none;
  }
  return (bits & 4U) != 0 ? Throttling::throttled : (bits & 11U) != 0 ? Throttling::capped : Throttling::none;
}

CpuLoad load_between(const CpuCounters& before, const CpuCounters& after, double elapsed_seconds) noexcept {
  CpuLoad load;
  if (before.ticks && after.ticks) {
    load.busy = busy_between(*before.ticks, *after.ticks);
  }
  if (!(elapsed_seconds > 0)) {
    return load;
  }
  const auto share = [elapsed_seconds](std::uint64_t from_us, std::uint64_t to_us) {
    return std::min(static_cast<double>(to_us - from_us) * 1e-6 / elapsed_seconds, 1.0);
  };
  if (before.stalled_us && after.stalled_us && *after.stalled_us >= *before.stalled_us) {
    load.pressure = share(*before.stalled_us, *after.stalled_us);
  }
  const auto& [from, to] = std::tie(before.quota, after.quota);
  if (from && to && from->level == to->level && to->used_us >= from->used_us &&
      to->stalled_us >= from->stalled_us) {
    load.quota =
        std::min(static_cast<double>(to->used_us - from->used_us) * 1e-6 / elapsed_seconds / to->cpus, 1.0);
    load.pressure = std::max(load.pressure.value_or(0), share(from->stalled_us, to->stalled_us));
  }
  return load;
}

CpuLoadReader::CpuLoadReader(const std::filesystem::path& proc, const std::filesystem::path& sys)
    : stat_file_(proc / "stat"),
      pressure_file_(proc / "pressure" / "cpu"),
      throttling_file_(sys / "devices" / "platform" / "soc" / "soc:firmware" / "get_throttled") {
  find_cgroups(proc, sys);
}

/// cgroup v2 alone: there, one line "0::/path" names the process's own. In a container, the path is "/", and
/// what lies there has the container's quota; the root of the machine has none.
void CpuLoadReader::find_cgroups(const std::filesystem::path& proc, const std::filesystem::path& sys) {
  std::array<char, 4096> buffer;
  const std::string_view text = read_start((proc / "self" / "cgroup").string(), buffer);
  const std::filesystem::path root = sys / "fs" / "cgroup";
  for (auto path = std::filesystem::path(line_after(text, "0::/")).relative_path(); cgroups_.size() < 16;
       path = path.parent_path()) {
    cgroups_.push_back({(root / path / "cpu.max").string(), (root / path / "cpu.stat").string()});
    if (path.empty()) {
      return;
    }
  }
}

std::optional<QuotaCounters> CpuLoadReader::tightest_quota() const noexcept {
  std::array<char, 1024> buffer;
  std::optional<QuotaCounters> tightest;
  for (std::size_t level = 0; level < cgroups_.size(); ++level) {
    const auto cpus = parse_quota(read_start(cgroups_[level].max_file, buffer));
    QuotaCounters counters{.level = level, .cpus = cpus.value_or(0)};
    if (cpus && (!tightest || *cpus < tightest->cpus) &&
        parse_cgroup_stat(read_start(cgroups_[level].stat_file, buffer), counters)) {
      tightest = counters;
    }
  }
  return tightest;
}

/// Makes room for `now`, and keeps those earlier samples that it can be compared with: at least the last one,
/// unless only the span excludes it.
void CpuLoadReader::forget_old(const Look& now) noexcept {
  std::size_t first = count_ == looks_.size() ? 1 : 0;
  if (count_ > 0 &&
      !(comparable(looks_[count_ - 1].counters, now.counters) && now.seconds >= looks_[count_ - 1].seconds)) {
    first = count_;
  }
  while (first + 1 < count_ && now.seconds - looks_[first].seconds > load_span_seconds) {
    ++first;
  }
  std::move(looks_.begin() + static_cast<std::ptrdiff_t>(first),
            looks_.begin() + static_cast<std::ptrdiff_t>(count_), looks_.begin());
  count_ -= first;
}

CpuLoad CpuLoadReader::sample(double now_seconds) noexcept {
  if (count_ > 0 && now_seconds >= looks_[count_ - 1].seconds &&
      now_seconds - looks_[count_ - 1].seconds < look_seconds) {
    return load_;
  }
  std::array<char, 512> buffer;
  const bool first = count_ == 0;
  Look now{now_seconds, {}};
  now.counters.ticks = parse_stat(read_start(stat_file_, buffer));
  parse_pressure(read_start(pressure_file_, buffer), now.counters);
  now.counters.quota = tightest_quota();
  forget_old(now);
  load_ = {};
  if (count_ > 0) {
    load_ = load_between(looks_[0].counters, now.counters, now_seconds - looks_[0].seconds);
  } else if (first && now.counters.stalled_us) {
    load_.pressure = now.counters.average_pressure;
  }
  load_.throttling = parse_throttling(read_start(throttling_file_, buffer));
  looks_[count_++] = now;
  return load_;
}

}  // namespace kwsd
