#include "models/trainer/blas_kernels.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace kwsd::train {

void choose_blas_kernels([[maybe_unused]] char** arguments) {
#ifdef __x86_64__
  constexpr const char* variable = "OPENBLAS_CORETYPE";
  const auto core_name = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  if (std::getenv(variable) != nullptr || core_name == nullptr ||
      std::string_view(core_name()) != "Prescott" || !__builtin_cpu_supports("avx2") ||
      !__builtin_cpu_supports("fma")) {
    return;
  }
  if (setenv(variable, "Haswell", 1) == 0) {
    execv("/proc/self/exe", arguments);
  }
#endif
}

}  // namespace kwsd::train
