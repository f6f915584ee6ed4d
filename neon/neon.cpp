// The set for out-of-order cores (Cortex-A72): plain intrinsics, the core schedules.
#include "engine/kernels/sets.h"
#include "neon/common/bits.h"
#include "neon/common/cpu.h"
#include "neon/common/int16_layers.h"
#include "neon/common/rows.h"

namespace kwsd {

const Kernels neon_kernels{
    .name = "neon",
    .description = "NEON intrinsics, activation-stationary, for out-of-order cores (Cortex-A72)",
    .supported = []() noexcept { return true; },
    .suits = []() noexcept { return !neon::in_order_cpu(); },
    .prepare_bits = neon::prepare_bits,
    .prepare_thresholds = neon::prepare_thresholds,
    .prepare_int8 = neon::prepare_int8,
    .bit_dots = neon::bit_dots,
    .expand = neon::expand,
    .project = neon::project,
    .memory = neon::memory,
    .signs = neon::signs,
    .int8_dots = neon::int8_dots,
    .activate = neon::activate,
    .narrow = neon::narrow,
    .quantize = neon::quantize,
    .memory_rows = neon::memory_rows,
    .project_rows = neon::project_rows,
    .quantize_row = neon::quantize_row,
};

}  // namespace kwsd
