#include "neon/common/cpu.h"

#include <asm/hwcap.h>
#include <sys/auxv.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kwsd::neon {
namespace {

constexpr unsigned arm_implementer = 0x41;

/// Whether all cores listed in /proc/cpuinfo are in-order ones; `known` is set if any is listed.
bool listed_cores_in_order(bool& known) noexcept {
  known = false;
  std::FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (file == nullptr) {
    return false;
  }
  bool all = true;
  char line[512];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "CPU part", 8) == 0) {
      const char* value = std::strchr(line, ':');
      known = true;
      all = all && value != nullptr &&
            in_order_part(static_cast<unsigned>(std::strtoul(value + 1, nullptr, 0)));
    }
  }
  std::fclose(file);
  return known && all;
}

}  // namespace

bool in_order_part(unsigned part) noexcept {
  switch (part) {
    case 0xd03:  // Cortex-A53
    case 0xd04:  // Cortex-A35
    case 0xd05:  // Cortex-A55
    case 0xd46:  // Cortex-A510
    case 0xd80:  // Cortex-A520
      return true;
    default:
      return false;
  }
}

bool has_dot_products() noexcept {
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}

bool in_order_cpu() noexcept {
  bool known = false;
  const bool in_order = listed_cores_in_order(known);
  if (known || (getauxval(AT_HWCAP) & HWCAP_CPUID) == 0) {
    return in_order;
  }
  unsigned long midr = 0;  // emulated for user programs where HWCAP_CPUID is set
  asm("mrs %0, midr_el1" : "=r"(midr));
  return (midr >> 24 & 0xff) == arm_implementer && in_order_part(midr >> 4 & 0xfff);
}

}  // namespace kwsd::neon
