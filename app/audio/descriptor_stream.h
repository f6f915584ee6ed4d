// The bytes of a pipe, a terminal's input or a file, as they arrive. Thread: one at a time, except
// `interrupt`.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <vector>

#include "app/base/descriptor.h"

namespace kwsd {

class DescriptorStream {
 public:
  /// `descriptor` stays open. Throws Error (usage) for a terminal.
  explicit DescriptorStream(int descriptor);

  /// The next bytes, which a later read returns again; waits until `wanted` bytes are available. Fewer at the
  /// end of the input and after interrupt(). Throws Error (no_input) when the input cannot be read.
  [[nodiscard]] std::span<const unsigned char> peek(std::size_t wanted);
  /// The available bytes, waiting for the first one; 0 at the end and after interrupt(). Throws as peek does.
  [[nodiscard]] std::size_t read(std::span<unsigned char> out);
  /// The same, until `out` is full; fewer at the end and after interrupt().
  [[nodiscard]] std::size_t read_all(std::span<unsigned char> out);

  /// Makes a waiting peek or read return, now and from now on. Any thread.
  void interrupt() noexcept;
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

 private:
  [[nodiscard]] std::size_t fill(std::span<unsigned char> out);

  int descriptor_;
  Descriptor wake_;
  std::atomic<bool> interrupted_{false};
  std::vector<unsigned char> peeked_;
};

}  // namespace kwsd
