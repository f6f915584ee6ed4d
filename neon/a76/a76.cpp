// The set for out-of-order cores with dot products (Cortex-A76: Raspberry Pi 5): SDOT for the int8 layers,
// the rest as in `neon`.
#include "engine/kernels/sets.h"
#include "neon/a76/dots.h"
#include "neon/common/bits.h"
#include "neon/common/cpu.h"
#include "neon/common/int16_layers.h"
#include "neon/common/rows.h"

namespace kwsd {
namespace {

Int8Layer prepare_int8(std::span<const std::int8_t> weights, int outputs, int inputs) {
  constexpr int group = a76::group;
  const int quads = (inputs + 3) / 4;
  const auto place = [quads](int n, int k) {
    return static_cast<std::size_t>(((n / group * quads + k / 4) * group + n % group) * 4 + k % 4);
  };
  Prepared out(static_cast<std::size_t>((outputs + group - 1) / group * group * quads * 4));
  for (int n = 0; n < outputs; ++n) {
    for (int k = 0; k < inputs; ++k) {
      out[place(n, k)] = static_cast<std::byte>(weights[static_cast<std::size_t>(n * inputs + k)]);
    }
  }
  return {std::move(out), outputs, inputs};
}

void int8_dots(const Int8Layer& layer, Int8Rows a, std::int32_t* acc) noexcept {
  a76::dots({prepared_as<std::int8_t>(layer.weights), layer.outputs, layer.inputs}, a.values, a.stride,
            a.count, acc);
}

}  // namespace

const Kernels a76_kernels{
    .name = "a76",
    .description = "NEON intrinsics and SDOT, for out-of-order cores with dot products (Cortex-A76)",
    .supported = neon::has_dot_products,
    .suits = []() noexcept { return !neon::in_order_cpu(); },
    .prepare_bits = neon::prepare_bits,
    .prepare_thresholds = neon::prepare_thresholds,
    .prepare_int8 = prepare_int8,
    .bit_dots = neon::bit_dots,
    .expand = neon::expand,
    .project = neon::project,
    .memory = neon::memory,
    .signs = neon::signs,
    .int8_dots = int8_dots,
    .activate = neon::activate,
    .narrow = neon::narrow,
    .quantize = neon::quantize,
    .memory_rows = neon::memory_rows,
    .project_rows = neon::project_rows,
    .quantize_row = neon::quantize_row,
};

}  // namespace kwsd
