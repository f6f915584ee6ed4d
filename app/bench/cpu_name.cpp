#include "app/bench/cpu_name.h"
#include "app/base/file_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace kwsd {
namespace {

constexpr unsigned arm_implementer = 0x41;

/// Arm's own cores, by their part number in MIDR_EL1.
constexpr std::array<std::pair<unsigned, const char*>, 24> arm_parts{{
    {0xd03, "Cortex-A53"},  {0xd04, "Cortex-A35"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},  {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse-N1"}, {0xd0d, "Cortex-A77"},  {0xd40, "Neoverse-V1"}, {0xd41, "Cortex-A78"},
    {0xd44, "Cortex-X1"},   {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"}, {0xd48, "Cortex-X2"},
    {0xd49, "Neoverse-N2"}, {0xd4d, "Cortex-A715"}, {0xd4e, "Cortex-X3"},   {0xd4f, "Neoverse-V2"},
    {0xd80, "Cortex-A520"}, {0xd81, "Cortex-A720"}, {0xd82, "Cortex-X4"},   {0xd8e, "Neoverse-N3"},
}};

std::string core_name(unsigned implementer, unsigned part) {
  for (const auto& [number, name] : arm_parts) {
    if (implementer == arm_implementer && number == part) {
      return name;
    }
  }
  return fmt::format("implementer {:#04x} part {:#05x}", implementer, part);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// "0xd08" -> 0xd08.
std::optional<unsigned> hexadecimal(std::string_view text) {
  unsigned value = 0;
  text.remove_prefix(text.starts_with("0x") ? 2 : 0);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

/// The cores' names, in the order of the text, one for each core.
std::vector<std::string> cores(std::string_view text) {
  std::vector<std::string> names;
  unsigned implementer = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view key = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (key == "model name" && !value.empty()) {
      names.emplace_back(value);
    } else if (key == "CPU implementer") {
      implementer = hexadecimal(value).value_or(0);
    } else if (const auto part = hexadecimal(value); key == "CPU part" && part) {
      names.push_back(core_name(implementer, *part));
    }
  }
  return names;
}

}  // namespace

std::string cpu_name(std::string_view cpuinfo) {
  std::vector<std::pair<std::string, int>> kinds;
  for (const std::string& name : cores(cpuinfo)) {
    const auto same =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.first == name; });
    if (same != kinds.end()) {
      ++same->second;
    } else {
      kinds.emplace_back(name, 1);
    }
  }
  std::string text;
  for (const auto& [name, count] : kinds) {
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", count, name);
  }
  return text.empty() ? "unknown" : text;
}

std::string cpu_name() {
  const std::string text = file_text("/proc/cpuinfo").value_or("");
#ifdef __aarch64__
  if (text.find("CPU part") == std::string::npos && (getauxval(AT_HWCAP) & HWCAP_CPUID) != 0) {
    unsigned long midr = 0;  // emulated for user programs where HWCAP_CPUID is set
    asm("mrs %0, midr_el1" : "=r"(midr));
    return core_name(static_cast<unsigned>(midr >> 24 & 0xff), static_cast<unsigned>(midr >> 4 & 0xfff));
  }
#endif
  return cpu_name(text);
}

}  // namespace kwsd
