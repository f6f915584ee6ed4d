// Detects the kind of core.
#pragma once

namespace kwsd::neon {

/// Whether every core issues in order (Cortex-A53, A55 and kin), by the main ID register that the kernel
/// shows (MIDR_EL1) or /proc/cpuinfo. False if neither is available. Thread: any, at set-up; reads files.
[[nodiscard]] bool in_order_cpu() noexcept;

/// Whether `part`, one of Arm's numbers (MIDR bits 15:4, "CPU part" in /proc/cpuinfo), issues in order.
[[nodiscard]] bool in_order_part(unsigned part) noexcept;

/// Whether the CPU has SDOT (ARMv8.2's dot products). Thread: any.
[[nodiscard]] bool has_dot_products() noexcept;

}  // namespace kwsd::neon
