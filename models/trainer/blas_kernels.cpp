#include "models/trainer/blas_kernels.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

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
  std::error_code error;  // by its path, so that the process keeps its name
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error && setenv(variable, "Haswell", 1) == 0) {
    execv(program.c_str(), arguments);
  }
#endif
}

}  // namespace kwsd::train
