// Sound that is pulled: files and raw PCM on a pipe. Thread: one at a time, except `interrupt`.
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

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::uint32_t rate_hz() const noexcept = 0;
  /// The next samples of the chosen channel, full scale = 1; 0 at the end. Throws Error (bad_data,
  /// no_input) when the input turns out to be broken; what was read before stays valid.
  [[nodiscard]] virtual std::size_t read(std::span<float> out) = 0;
  /// Makes a `read` that waits for input return 0. Any thread.
  virtual void interrupt() noexcept {}
};

}  // namespace kwsd
