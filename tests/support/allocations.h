// Counts what the program allocates through operator new, on this thread. Link support/allocations.cpp.
#pragma once

#include <cstddef>

namespace kwsd::test {

struct Allocations {
  std::size_t count = 0;
  std::size_t bytes = 0;    ///< in all
  std::size_t largest = 0;  ///< bytes of the largest one
};

/// Allocations since this object was made.
class AllocationCounter {
 public:
  AllocationCounter() noexcept;
  [[nodiscard]] Allocations so_far() const noexcept;
};

}  // namespace kwsd::test
