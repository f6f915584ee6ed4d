// The one list of kernel sets: declares, selects, and (through all_kernels) tests and benches them.
#include <array>
#include <string>

#include "engine/kernels/sets.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

/// `reference` first, then from the most general to the most specific: "auto" selects the last suitable one.
constexpr std::array sets {
  &reference_kernels,
#if defined(__aarch64__)
      &dabnn_kernels, &bolt_kernels, &fbck_kernels, &neon_kernels, &a76_kernels, &a53_kernels,
#else
      &portable_kernels,
#endif
#if defined(__x86_64__)
      &avx2_kernels, &avx512_kernels,
#endif
};

}  // namespace

std::span<const Kernels* const> all_kernels() noexcept {
  return sets;
}

const Kernels& select_kernels(std::string_view name) {
  std::string known = "auto";
  const Kernels* best = nullptr;
  for (const Kernels* set : sets) {
    if (!set->supported()) {
      continue;
    }
    known.append(", ").append(set->name);
    if (name == set->name || (name == "auto" && set->suits())) {
      best = set;
    }
  }
  if (best == nullptr) {
    throw Error(ErrorKind::usage,
                "kernels: '" + std::string(name) + "' is not supported on this CPU; available: " + known);
  }
  return *best;
}

}  // namespace kwsd
