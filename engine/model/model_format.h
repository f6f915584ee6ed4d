// What reader and writer of model files agree on (models/FORMAT.md). Thread: set-up.
#pragma once

#include <boost/crc.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kwsd::model_format {

inline constexpr std::string_view magic = "KWSDMODL";
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t header_bytes = 8 + 4 + 4 + 4;  // magic, version, payload bytes, CRC-32

[[nodiscard]] inline std::uint32_t crc32(std::span<const std::byte> bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

[[nodiscard]] constexpr std::size_t product(int a, int b) noexcept {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

}  // namespace kwsd::model_format
