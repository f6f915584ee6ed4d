#include "app/live/screen.h"

#include <algorithm>

namespace kwsd {

namespace {

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

/// Length of the sequence that a byte begins, 0 for one that begins none.
std::size_t sequence_length(unsigned char lead) {
  return lead < 0x80                   ? 1
         : lead >= 0xF0 && lead < 0xF5 ? 4
         : lead >= 0xE0                ? (lead < 0xF0 ? 3 : 0)
         : lead >= 0xC2                ? 2
                                       : 0;
}

}  // namespace

std::u32string code_points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    const std::size_t length = sequence_length(lead);
    char32_t value = length < 2 ? lead : lead & (0x7FU >> length);
    std::size_t used = 1;
    while (used < length && at + used < utf8.size() &&
           (static_cast<unsigned char>(utf8[at + used]) & 0xC0U) == 0x80U) {
      value = value << 6U | (static_cast<unsigned char>(utf8[at + used]) & 0x3FU);
      ++used;
    }
    out += length == 0 || used < length || is_control(value) ? U'?' : value;
    at += used;
  }
  return out;
}

std::string utf8_of(char32_t glyph) {
  const auto c = static_cast<std::uint32_t>(glyph);
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  const auto rest = [&](unsigned shift) { return byte(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) {
    return {byte(c)};
  }
  if (c < 0x800) {
    return {byte(0xC0U | c >> 6U), rest(0)};
  }
  if (c < 0x10000) {
    return {byte(0xE0U | c >> 12U), rest(6), rest(0)};
  }
  return {byte(0xF0U | c >> 18U), rest(12), rest(6), rest(0)};
}

Screen::Screen(int rows, int columns)
    : rows_(std::max(rows, 1)),
      columns_(std::max(columns, 1)),
      cells_(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(columns_)) {}

const Cell& Screen::at(int row, int column) const noexcept {
  return cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
                static_cast<std::size_t>(column)];
}

void Screen::put(int row, int column, Cell cell) {
  if (row >= 0 && row < rows_ && column >= 0 && column < columns_) {
    cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
           static_cast<std::size_t>(column)] = cell;
  }
}

int Screen::put(int row, int column, std::string_view utf8, Ink ink) {
  for (const char32_t glyph : code_points(utf8)) {
    put(row, column++, Cell{glyph, ink});
  }
  return column;
}

void Screen::put_right(int row, int column, std::string_view utf8, Ink ink) {
  put(row, column - static_cast<int>(code_points(utf8).size()), utf8, ink);
}

std::string Screen::text() const {
  std::string out;
  for (int row = 0; row < rows_; ++row) {
    std::string line;
    std::size_t end = 0;
    for (int column = 0; column < columns_; ++column) {
      line += utf8_of(at(row, column).glyph);
      end = at(row, column).glyph == U' ' ? end : line.size();
    }
    out += line.substr(0, end) + '\n';
  }
  return out;
}

}  // namespace kwsd
