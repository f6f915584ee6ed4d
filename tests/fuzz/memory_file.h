// Bytes as a file that has a name, without touching the disk. Thread: one.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <span>
#include <string>

#include "tests/fuzz/expect.h"

namespace kwsd::fuzz {

class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes)
      : descriptor_(memfd_create("kwsd-fuzz", MFD_CLOEXEC)) {
    const auto written = write(descriptor_, bytes.data(), bytes.size());
    expect(written == static_cast<ssize_t>(bytes.size()), "no memory file");
    lseek(descriptor_, 0, SEEK_SET);
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] std::string name() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace kwsd::fuzz
