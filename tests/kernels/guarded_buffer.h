// A buffer that ends (or begins) at an unmapped page, with guard bytes on its other side: an access past
// the end stops the test at once, a write before the start is found by `intact`. For kernels in assembly,
// which no sanitizer sees.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace kwsd::test {

template <class T>
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t count) : count_(count) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = count * sizeof(T);
    mapped_ = (bytes + guard + page - 1) / page * page + page;
    void* map = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
      throw std::bad_alloc();
    }
    base_ = static_cast<std::byte*>(map);
    mprotect(base_ + mapped_ - page, page, PROT_NONE);
    data_ = base_ + mapped_ - page - bytes;
    std::memset(base_, pattern, static_cast<std::size_t>(data_ - base_));
  }
  ~GuardedBuffer() { munmap(base_, mapped_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  [[nodiscard]] T* data() noexcept { return reinterpret_cast<T*>(data_); }
  [[nodiscard]] const T* data() const noexcept { return reinterpret_cast<const T*>(data_); }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::span<T> span() noexcept { return {data(), count_}; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data()[i]; }

  /// Whether the bytes before the buffer are as they were.
  [[nodiscard]] bool intact() const noexcept {
    for (const std::byte* p = base_; p != data_; ++p) {
      if (*p != std::byte{pattern}) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t guard = 256;
  static constexpr unsigned char pattern = 0xa5;
  std::size_t count_ = 0;
  std::size_t mapped_ = 0;
  std::byte* base_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace kwsd::test
