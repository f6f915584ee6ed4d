#include "app/live/screen_svg.h"

#include <cstdio>

#include "app/base/svg.h"

namespace kwsd {

namespace {

constexpr double cell_width = 8.4, cell_height = 18, margin = 12;

const char* colour_of(Ink ink) {
  switch (ink) {
    case Ink::faint:
      return "#8b949e";
    case Ink::strong:
      return "#ffffff";
    case Ink::low:
      return "#58a6ff";
    case Ink::good:
      return "#3fb950";
    case Ink::warn:
      return "#d29922";
    case Ink::bad:
      return "#f85149";
    case Ink::chosen:
      return "#f0c674";
    case Ink::plain:
      break;
  }
  return "#c9d1d9";
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

/// Columns from `column` on that one element draws: a word of one ink in ASCII, or a single glyph. Blanks are
/// in none, so that no program that draws can collapse them, and a glyph from another font cannot shift its
/// neighbours.
int run_length(const Screen& screen, int row, int column) {
  const auto is_letter = [](const Cell& cell) { return cell.glyph > U' ' && cell.glyph < 0x7F; };
  const Cell& first = screen.at(row, column);
  int end = column + 1;
  while (is_letter(first) && end < screen.columns() && is_letter(screen.at(row, end)) &&
         screen.at(row, end).ink == first.ink) {
    ++end;
  }
  return end - column;
}

/// One element of `length` columns; textLength holds it to its cells where the font is wider or narrower.
std::string run_svg(const Screen& screen, int row, int column, int length) {
  std::string text;
  for (int i = 0; i < length; ++i) {
    text += svg_escaped(utf8_of(screen.at(row, column + i).glyph));
  }
  return "<text x=\"" + number(margin + column * cell_width) + "\" y=\"" +
         number(margin + row * cell_height + 14) + "\" textLength=\"" + number(length * cell_width) +
         "\" lengthAdjust=\"spacingAndGlyphs\" fill=\"" + colour_of(screen.at(row, column).ink) + "\">" +
         text + "</text>\n";
}

}  // namespace

std::string screen_svg(const Screen& screen) {
  const std::string width = number(screen.columns() * cell_width + 2 * margin);
  const std::string height = number(screen.rows() * cell_height + 2 * margin);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
                    "\" viewBox=\"0 0 " + width + " " + height +
                    "\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n"
                    "<rect width=\"" +
                    width + "\" height=\"" + height + "\" rx=\"8\" fill=\"#0d1117\"/>\n";
  for (int row = 0; row < screen.rows(); ++row) {
    for (int column = 0; column < screen.columns();) {
      const int length = run_length(screen, row, column);
      if (screen.at(row, column).glyph != U' ') {
        svg += run_svg(screen, row, column, length);
      }
      column += length;
    }
  }
  return svg + "</svg>\n";
}

}  // namespace kwsd
