// The same arithmetic with the instructions of AVX, which have three operands and half of the moves.
// Contraction is off in this project, so the results are the same bit for bit. Thread: any.
#pragma once

namespace kwsd {

#ifdef __x86_64__
/// A function that is compiled for AVX together with all functions that it calls; call it only if has_avx().
#define KWSD_WITH_AVX __attribute__((target("avx"), flatten))
inline bool has_avx() noexcept {
  return __builtin_cpu_supports("avx") != 0;
}
#else
#define KWSD_WITH_AVX
inline bool has_avx() noexcept {
  return false;
}
#endif

}  // namespace kwsd
