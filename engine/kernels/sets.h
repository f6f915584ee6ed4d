// The kernel sets that can exist. registry.cpp lists those compiled into this binary.
#pragma once

#include "engine/kernels/kernels.h"

namespace kwsd {

extern const Kernels reference_kernels;

}  // namespace kwsd
