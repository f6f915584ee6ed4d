#include "app/network/mqtt_topics.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "app/base/random.h"

namespace kwsd {

namespace {

bool is_id_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// -1: no hexadecimal digit.
int hex_value(char c) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const std::size_t at = digits.find(lower);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string topic_level(std::string_view word) {
  std::string level;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '/' || c == '+' || c == '#' || c == '%') {
      std::array<char, 4> code{};
      std::snprintf(code.data(), code.size(), "%%%02X", byte);
      level += code.data();
    } else {
      level += c;
    }
  }
  return level;
}

std::string word_of_level(std::string_view level) {
  std::string word;
  for (std::size_t i = 0; i < level.size(); ++i) {
    const int high = level[i] == '%' && i + 2 < level.size() ? hex_value(level[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(level[i + 2]) : -1;
    if (low >= 0) {
      word += static_cast<char>(16 * high + low);
      i += 2;
    } else {
      word += level[i];
    }
  }
  return word;
}

bool is_mqtt_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_id_byte);
}

std::string default_mqtt_id() {
  std::array<char, 65> host{};
  gethostname(host.data(), host.size() - 1);
  std::string id = std::string(host.data()).substr(0, 48);
  std::replace_if(
      id.begin(), id.end(), [](char c) { return !is_id_byte(c); }, '_');
  std::string machine;
  std::ifstream("/etc/machine-id") >> machine;
  std::array<char, 16> own{};
  std::snprintf(own.data(), own.size(), "-%012llx",
                static_cast<unsigned long long>(stable_hash("kwsd mqtt " + machine) >> 16U));
  return (id.empty() ? "kwsd" : id) + own.data();
}

}  // namespace kwsd
