// Messages of the Wyoming protocol: a line of JSON, then `data_length` bytes of JSON, then `payload_length`
// bytes. Thread: any, one at a time for each reader.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace kwsd {

struct WyomingMessage {
  std::string type;
  nlohmann::json data = nlohmann::json::object();  ///< of the line and of the block behind it; the block wins
  std::string payload;
};

/// Bytes of a connection -> messages.
class WyomingReader {
 public:
  static constexpr std::size_t most_line_bytes = 65536;  ///< without the line break
  static constexpr std::size_t most_data_bytes = 65536;
  static constexpr std::size_t most_payload_bytes = 1U << 20U;

  /// Takes bytes in the order in which they arrive.
  void push(std::string_view bytes) { bytes_.append(bytes); }
  /// The next message once it is complete. Throws Error (bad_data) for bytes that are not a message, or a
  /// length over its limit; the connection cannot be used afterwards.
  [[nodiscard]] std::optional<WyomingMessage> next();

 private:
  struct Header {
    WyomingMessage message;
    std::size_t data_bytes = 0, payload_bytes = 0;
  };
  [[nodiscard]] static Header parse_header(std::string_view line);

  std::string bytes_;
  std::optional<Header> header_;  // whose data and payload have not arrived yet
};

/// The bytes of a message without payload. `data` follows the line, which readers limit to 64 KiB.
[[nodiscard]] std::string wyoming_text(std::string_view type, const nlohmann::json& data);

}  // namespace kwsd
