// Sound that is pulled: files and pipes. Thread: one at a time, except `interrupt`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace kwsd {

class SampleReader {
 public:
  SampleReader() = default;
  virtual ~SampleReader() = default;
  SampleReader(const SampleReader&) = delete;
  SampleReader& operator=(const SampleReader&) = delete;

  /// Waits until the format of the input is known. Call before the first read. Throws Error: bad_data (no
  /// sound), no_input (it cannot be read), usage (a channel that the input does not have).
  virtual void open() {}
  [[nodiscard]] virtual std::string name() const = 0;
  /// Rate of the samples that `read` returns; known once `open` has returned.
  [[nodiscard]] virtual std::uint32_t rate_hz() const noexcept = 0;
  /// Channels of the input, of which one is read.
  [[nodiscard]] virtual int channels() const noexcept { return 1; }
  /// The next samples of the chosen channel, full scale = 1; 0 at the end. Throws Error (bad_data, no_input)
  /// when the input proves to be damaged; samples read earlier remain valid.
  [[nodiscard]] virtual std::size_t read(std::span<float> out) = 0;
  /// Makes an `open` or `read` that waits for input return; `read` then returns 0. Any thread.
  virtual void interrupt() noexcept {}
};

}  // namespace kwsd
