// Columns of text: the first flush left, the others flush right. Thread: any, pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kwsd {

/// Columns that a terminal uses for UTF-8 text, one per code point (wide and combining ones are not
/// supported).
[[nodiscard]] std::size_t display_width(std::string_view utf8) noexcept;

class TextTable {
 public:
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Lines with their line breaks, two blanks between columns.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace kwsd
