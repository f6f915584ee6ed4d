// Four floats at a time, the same on every architecture: gcc's and clang's vector types. Thread: any, pure.
#pragma once

#include <cstring>

namespace kwsd {

/// One 128-bit register; every operator works lane by lane.
using Float4 = float __attribute__((vector_size(16)));

/// For containers, which ignore the attribute of a bare vector type.
struct Float4Group {
  Float4 lanes{};
};

inline Float4 load4(const float* p) noexcept {
  Float4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store4(float* p, Float4 v) noexcept {
  std::memcpy(p, &v, sizeof v);
}

}  // namespace kwsd
