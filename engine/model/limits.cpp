#include "engine/model/limits.h"

#include <algorithm>

namespace kwsd {

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || lead == 0 || i + length > text.size()) {
      return false;
    }
    unsigned code = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80) {
        return false;
      }
      code = code << 6U | (next & 0x3fU);
    }
    if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)) ||
        (code >= 0xd800 && code < 0xe000)) {
      return false;
    }
    i += length;
  }
  return true;
}

namespace {

bool is_name_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_short_utf8(std::string_view text) noexcept {
  return !text.empty() && text.size() <= limits::name_bytes && is_utf8(text);
}

}  // namespace

bool is_name(std::string_view text) noexcept {
  return is_short_utf8(text) && std::all_of(text.begin(), text.end(), is_name_byte);
}

bool is_label(std::string_view text) noexcept {
  return is_short_utf8(text) && text.front() != ' ' && text.back() != ' ' && text.find("  ") == text.npos &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_name_byte(c) || c == ' ' || c == '\''; });
}

std::string printable(std::string_view text) {
  std::string out(text.substr(0, limits::name_bytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

}  // namespace kwsd
