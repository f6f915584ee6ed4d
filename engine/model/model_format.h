// Constants shared by the reader and the writer of model files (models/FORMAT.md). Thread: set-up.
#pragma once

#include <boost/crc.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/model/capabilities.h"
#include "engine/model/model.h"

namespace kwsd::model_format {

inline constexpr std::string_view magic = "KWSDMODL";
inline constexpr std::uint32_t window_version = 2;     // window nets
inline constexpr std::uint32_t staged_version = 4;     // window nets with detector and second stage
inline constexpr std::uint32_t streaming_version = 3;  // streaming nets, their detector, their second stage
inline constexpr std::size_t header_bytes = 8 + 4 + 4 + 4;  // magic, version, payload bytes, CRC-32

/// The fields of a ChannelAffine in the file: the given number of its first fields; the others are 0.
inline constexpr std::size_t scale_and_bias = 2, with_slope = 3, with_sign = 4;

[[nodiscard]] inline std::size_t conv_fields(OutputKind output) noexcept {
  return capability_of(output).has_sign ? with_sign : with_slope;
}

/// A hidden threshold in the file: of `inputs` products of ±1, how many must be +1 at least (dot >=
/// at_least).
[[nodiscard]] constexpr int agreements(int at_least, int inputs) noexcept {
  return (at_least + inputs + 1) / 2;
}
/// In one byte where it fits: the largest is inputs + 1.
[[nodiscard]] constexpr bool agreements_fit_byte(int inputs) noexcept {
  return inputs < 255;
}

[[nodiscard]] inline std::uint32_t crc32(std::span<const std::byte> bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

[[nodiscard]] constexpr std::size_t product(int a, int b) noexcept {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

}  // namespace kwsd::model_format
