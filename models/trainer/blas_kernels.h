// The kernels of OpenBLAS, with which libtorch multiplies.
#pragma once

namespace kwsd::train {

/// Starts the program again with OpenBLAS's kernels for AVX2 where OpenBLAS is older than the processor, does
/// not know it, and would compute with SSE3. OpenBLAS reads OPENBLAS_CORETYPE while it is loaded; a value of
/// the user's stays. To be called first; returns where nothing is to be changed.
void choose_blas_kernels(char** arguments);

}  // namespace kwsd::train
