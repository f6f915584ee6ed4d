// A screen of characters, drawn in memory: for a terminal, a test and a picture. Thread: one, pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kwsd {

/// The meaning of a cell; each medium has its own colours for it.
enum class Ink : std::uint8_t { plain, faint, strong, low, good, warn, bad, chosen };

struct Cell {
  char32_t glyph = U' ';
  Ink ink = Ink::plain;
  bool operator==(const Cell&) const = default;
};

class Screen {
 public:
  Screen(int rows, int columns);

  [[nodiscard]] int rows() const noexcept { return rows_; }
  [[nodiscard]] int columns() const noexcept { return columns_; }
  [[nodiscard]] const Cell& at(int row, int column) const noexcept;

  /// Writes UTF-8 from a cell on, one cell per code point; text outside the screen is cut off, control
  /// characters and broken UTF-8 become '?'. Returns the column after the last one.
  int put(int row, int column, std::string_view utf8, Ink ink = Ink::plain);
  /// The same, ending before `column`.
  void put_right(int row, int column, std::string_view utf8, Ink ink = Ink::plain);
  void put(int row, int column, Cell cell);

  /// UTF-8 lines without blanks at their ends, each with its line break.
  [[nodiscard]] std::string text() const;

 private:
  int rows_, columns_;
  std::vector<Cell> cells_;  // [rows][columns]
};

/// The code points of a text: broken UTF-8 and control characters as '?'.
[[nodiscard]] std::u32string code_points(std::string_view utf8);
/// One code point as UTF-8.
[[nodiscard]] std::string utf8_of(char32_t glyph);

}  // namespace kwsd
