#include "app/bench/cpu_name.h"

#include <catch2/catch.hpp>

using kwsd::cpu_name;

namespace {

std::string core(const std::string& implementer, const std::string& part) {
  return "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: " +
         implementer + "\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: " + part +
         "\nCPU revision\t: 3\n\n";
}

}  // namespace

TEST_CASE("the CPU of each Raspberry Pi has its name") {
  const std::string end = "Hardware\t: BCM2835\nModel\t\t: Raspberry Pi\n";
  const auto four = [&](const char* part) {
    return core("0x41", part) + core("0x41", part) + core("0x41", part) + core("0x41", part) + end;
  };
  REQUIRE(cpu_name(four("0xd03")) == "4 x Cortex-A53");
  REQUIRE(cpu_name(four("0xd08")) == "4 x Cortex-A72");
  REQUIRE(cpu_name(four("0xd0b")) == "4 x Cortex-A76");
}

TEST_CASE("cores of several kinds, of other makers, and of x86-64") {
  REQUIRE(cpu_name(core("0x41", "0xd05") + core("0x41", "0xd05") + core("0x41", "0xd0b")) ==
          "2 x Cortex-A55, 1 x Cortex-A76");
  REQUIRE(cpu_name(core("0x51", "0x800")) == "1 x implementer 0x51 part 0x800");
  REQUIRE(cpu_name(core("0x41", "0xfff")) == "1 x implementer 0x41 part 0xfff");
  REQUIRE(cpu_name("processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n") ==
          "2 x AMD EPYC");
}

TEST_CASE("a text without cores gives no name") {
  for (const char* text :
       {"", "\n\n", "model name\t:\n", "model name", "CPU part\t: x\n", ":", "CPU part:"}) {
    CAPTURE(text);
    REQUIRE(cpu_name(text) == "unknown");
  }
  REQUIRE_FALSE(cpu_name().empty());
}
