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

std::string escaped(char32_t glyph) {
  return glyph == U' ' ? "\u00A0" : svg_escaped(utf8_of(glyph));
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
      const Ink ink = screen.at(row, column).ink;
      const int from = column;
      std::string run;
      bool blank = true;
      for (; column < screen.columns() && screen.at(row, column).ink == ink; ++column) {
        run += escaped(screen.at(row, column).glyph);
        blank = blank && screen.at(row, column).glyph == U' ';
      }
      if (!blank) {
        svg += "<text x=\"" + number(margin + from * cell_width) + "\" y=\"" +
               number(margin + row * cell_height + 14) + "\" textLength=\"" +
               number((column - from) * cell_width) + "\" fill=\"" + colour_of(ink) + "\">" + run +
               "</text>\n";
      }
    }
  }
  return svg + "</svg>\n";
}

}  // namespace kwsd
