// The name of this CPU as text. Thread: any; reads /proc.
#pragma once

#include <string>
#include <string_view>

namespace kwsd {

/// Text of /proc/cpuinfo -> "4 x Cortex-A72", "4 x Cortex-A55, 4 x Cortex-A76" or "2 x AMD EPYC": the name of
/// the model, else implementer and part; "unknown" where neither is given.
[[nodiscard]] std::string cpu_name(std::string_view cpuinfo);

/// The name of this machine's CPU. On arm64, if /proc/cpuinfo names no part (an emulator), from the main ID
/// register (MIDR_EL1).
[[nodiscard]] std::string cpu_name();

}  // namespace kwsd
