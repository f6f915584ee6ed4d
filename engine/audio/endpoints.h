// The position of the word in a clip. Thread: any, pure.
#pragma once

#include <cstdint>
#include <span>

namespace kwsd {

/// Samples [begin, end).
struct Extent {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  [[nodiscard]] std::int32_t size() const noexcept { return end - begin; }
};

/// The stretch around the loudest 10 ms whose level stays above the clip's floor: from there outwards, pauses
/// of up to 150 ms are bridged, then 30 ms are added at both ends. A clip without a clear peak counts whole.
[[nodiscard]] Extent find_word(std::span<const std::int16_t> samples) noexcept;

}  // namespace kwsd
