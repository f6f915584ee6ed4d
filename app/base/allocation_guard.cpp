// An operator new that ends the program while a NoAllocation exists on the calling thread. Linked into
// programs, not into libraries: it replaces the standard library's.
#include <cstddef>
#include <cstdlib>
#include <new>

#include "app/base/contract.h"

namespace {

void* checked(std::size_t bytes, std::size_t alignment) {
  if (kwsd::NoAllocation::depth() > 0) {
    kwsd::NoAllocation::depth() = 0;  // the code that follows may allocate
    kwsd::contract_broken("an allocation on the inference thread");
  }
  bytes = bytes == 0 ? 1 : bytes;
  void* p = alignment <= alignof(std::max_align_t)
                ? std::malloc(bytes)
                : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (p == nullptr) {
    throw std::bad_alloc();
  }
  return p;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return checked(bytes, 1);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return checked(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return checked(bytes, 1);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  std::free(p);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
