// Little-endian reading with every size checked, and writing. Thread: set-up.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/error.h"

namespace kwsd {

static_assert(std::endian::native == std::endian::little, "kwsd's targets are little-endian");

/// Reads values off a block of bytes. Every failure throws Error (bad_data) that names source and field.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  [[noreturn]] void fail(std::string_view field, const std::string& found,
                         const std::string& expected) const {
    throw Error(ErrorKind::bad_data, source_ + ": " + std::string(field) + ": found " + found +
                                         ", expected " + expected + " (byte " + std::to_string(position_) +
                                         ")");
  }

  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }

  /// The next `count` bytes.
  std::span<const std::byte> take(std::size_t count, std::string_view field) {
    if (count > remaining()) {
      fail(field, std::to_string(remaining()) + " bytes", std::to_string(count) + " bytes");
    }
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }

  template <class T>
  T value(std::string_view field) {
    T out;
    std::memcpy(&out, take(sizeof(T), field).data(), sizeof(T));
    return out;
  }

  /// An integer that must lie in [low, high].
  template <class T>
  T integer(std::string_view field, std::int64_t low, std::int64_t high) {
    const T out = value<T>(field);
    if (std::int64_t{out} < low || std::int64_t{out} > high) {
      fail(field, std::to_string(out), std::to_string(low) + " to " + std::to_string(high));
    }
    return out;
  }

  /// A float or double that must lie in [low, high]; NaN never does.
  template <class T = float>
  T real(std::string_view field, T low, T high) {
    const T out = value<T>(field);
    if (!(out >= low && out <= high)) {
      fail(field, std::to_string(out), std::to_string(low) + " to " + std::to_string(high));
    }
    return out;
  }

  /// `count` values in a row; nothing is allocated that the remaining bytes do not back.
  template <class T>
  std::vector<T> array(std::size_t count, std::string_view field) {
    if (count > remaining() / sizeof(T)) {
      fail(field, std::to_string(remaining()) + " bytes",
           std::to_string(count) + " values of " + std::to_string(sizeof(T)) + " bytes");
    }
    std::vector<T> out(count);
    const auto bytes = take(count * sizeof(T), field);
    if (count != 0) {
      std::memcpy(out.data(), bytes.data(), bytes.size());
    }
    return out;
  }

  /// A text: uint32 length, then bytes.
  std::string text(std::string_view field, std::size_t max_bytes) {
    const auto length = integer<std::uint32_t>(field, 0, static_cast<std::int64_t>(max_bytes));
    const auto bytes = take(length, field);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  std::string source_;
  std::size_t position_ = 0;
};

/// The mirror image.
class ByteWriter {
 public:
  template <class T>
  void value(T v) {
    const auto* p = reinterpret_cast<const std::byte*>(&v);
    bytes_.insert(bytes_.end(), p, p + sizeof(T));
  }
  template <class T>
  void array(std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void text(std::string_view s) {
    value(static_cast<std::uint32_t>(s.size()));
    array(std::span(s));
  }
  [[nodiscard]] std::vector<std::byte>& bytes() noexcept { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace kwsd
