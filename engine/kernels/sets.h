// The kernel sets that can exist. registry.cpp lists those compiled into this binary.
#pragma once

#include "engine/kernels/kernels.h"

namespace kwsd {

extern const Kernels reference_kernels;
extern const Kernels portable_kernels;  // all but arm64
extern const Kernels avx2_kernels;      // x86-64
extern const Kernels avx512_kernels;    // x86-64
extern const Kernels dabnn_kernels;     // arm64
extern const Kernels bolt_kernels;      // arm64
extern const Kernels fbck_kernels;      // arm64
extern const Kernels neon_kernels;      // arm64
extern const Kernels a76_kernels;       // arm64
extern const Kernels a53_kernels;       // arm64

}  // namespace kwsd
