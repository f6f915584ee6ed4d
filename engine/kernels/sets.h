// The kernel sets that can exist. registry.cpp lists those compiled into this binary.
#pragma once

#include "engine/kernels/kernels.h"

namespace kwsd {

extern const Kernels reference_kernels;
extern const Kernels fbck_kernels;  // arm64
extern const Kernels neon_kernels;  // arm64
extern const Kernels a53_kernels;   // arm64

}  // namespace kwsd
