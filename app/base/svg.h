// Helpers shared by all SVG pictures. Thread: any, pure.
#pragma once

#include <string>
#include <string_view>

namespace kwsd {

/// Text escaped for an element or an attribute.
[[nodiscard]] inline std::string svg_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace kwsd
