#include "app/live/terminal.h"

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <langinfo.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <string>

#include "app/live/live_keys.h"

namespace kwsd {

namespace {

constexpr std::array fatal_signals{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV};

/// State that a crash handler needs to leave the terminal usable. Written before the handlers are installed.
struct Rescue {
  int descriptor = -1;
  termios settings{};
  std::array<char, 128> leave{};  // leaves the other screen, shows the cursor
  std::size_t leave_bytes = 0;
};
Rescue rescue;  // NOLINT: a signal handler has no other way

/// Only calls that POSIX allows in a signal handler.
extern "C" void rescue_terminal(int signal) {
  [[maybe_unused]] const ssize_t written = write(rescue.descriptor, rescue.leave.data(), rescue.leave_bytes);
  tcsetattr(rescue.descriptor, TCSANOW, &rescue.settings);
  raise(signal);  // the handler is gone (SA_RESETHAND)
}

/// The terminal's control sequence for a function; null if the terminal does not support it.
const char* capability(const char* name) {
  const char* text = tigetstr(name);
  return text == reinterpret_cast<const char*>(-1) ? nullptr : text;
}

void prepare_rescue(int descriptor, const termios& settings) {
  rescue.descriptor = descriptor;
  rescue.settings = settings;
  rescue.leave_bytes = 0;
  for (const char* name : {"sgr0", "cnorm", "rmcup"}) {
    const char* text = capability(name);
    const std::size_t bytes = text == nullptr ? 0 : std::strlen(text);
    if (bytes > 0 && rescue.leave_bytes + bytes <= rescue.leave.size()) {
      std::memcpy(rescue.leave.data() + rescue.leave_bytes, text, bytes);
      rescue.leave_bytes += bytes;
    }
  }
  struct sigaction action {};
  action.sa_handler = rescue_terminal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal : fatal_signals) {
    sigaction(signal, &action, nullptr);
  }
}

void end_rescue() {
  for (const int signal : fatal_signals) {
    std::signal(signal, SIG_DFL);
  }
}

void prepare_colours() {
  start_color();
  use_default_colors();
  const std::array<short, 8> colours{-1,          -1,           -1,        COLOR_BLUE,
                                     COLOR_GREEN, COLOR_YELLOW, COLOR_RED, COLOR_CYAN};
  for (std::size_t ink = 0; ink < colours.size(); ++ink) {
    init_pair(static_cast<short>(ink + 1), colours[ink], -1);
  }
}

attr_t attributes_of(Ink ink) {
  switch (ink) {
    case Ink::faint:
      return A_DIM;
    case Ink::strong:
    case Ink::warn:
    case Ink::bad:
    case Ink::chosen:
      return A_BOLD;
    default:
      return A_NORMAL;
  }
}

}  // namespace

struct Terminal::Curses {
  std::FILE* keys = nullptr;  // owned if it is not stdin
  SCREEN* screen = nullptr;
  Screen drawn{1, 1};
  bool fresh = true;  // nothing is drawn yet, or not at this size
};

std::unique_ptr<Terminal> Terminal::open() {
  if (isatty(STDOUT_FILENO) == 0) {
    return nullptr;
  }
  auto curses = std::make_unique<Curses>();
  curses->keys = isatty(STDIN_FILENO) != 0 ? stdin : std::fopen("/dev/tty", "r");
  if (curses->keys == nullptr) {
    return nullptr;
  }
  std::setlocale(LC_CTYPE, "");
  termios settings{};
  tcgetattr(STDOUT_FILENO, &settings);
  curses->screen = newterm(nullptr, stdout, curses->keys);
  if (curses->screen == nullptr) {
    return nullptr;
  }
  if (capability("cup") == nullptr) {  // a teletype: the cursor cannot be placed
    delscreen(curses->screen);
    tcsetattr(STDOUT_FILENO, TCSANOW, &settings);
    return nullptr;
  }
  prepare_rescue(STDOUT_FILENO, settings);
  return std::unique_ptr<Terminal>(new Terminal(std::move(curses)));
}

Terminal::Terminal(std::unique_ptr<Curses> curses)
    : curses_(std::move(curses)),
      descriptor_(fileno(curses_->keys)),
      utf8_(std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0) {
  set_term(curses_->screen);
  cbreak();
  noecho();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  leaveok(stdscr, TRUE);
  set_escdelay(25);
  curs_set(0);
  if (has_colors()) {
    prepare_colours();
  }
}

Terminal::~Terminal() {
  endwin();
  delscreen(curses_->screen);
  end_rescue();
  if (curses_->keys != stdin) {
    std::fclose(curses_->keys);
  }
}

int Terminal::rows() const {
  return getmaxy(stdscr);
}

int Terminal::columns() const {
  return getmaxx(stdscr);
}

void Terminal::draw(const Screen& screen) {
  const bool all = curses_->fresh || screen.rows() != curses_->drawn.rows() ||
                   screen.columns() != curses_->drawn.columns();
  if (all) {
    werase(stdscr);
  }
  for (int row = 0; row < screen.rows(); ++row) {
    for (int column = 0; column < screen.columns(); ++column) {
      const Cell& cell = screen.at(row, column);
      if (!all && cell == curses_->drawn.at(row, column)) {
        continue;
      }
      const auto glyph = static_cast<wchar_t>(cell.glyph);
      const std::array<wchar_t, 2> text{wcwidth(glyph) == 1 ? glyph : L'?', L'\0'};
      cchar_t curses_cell{};
      setcchar(&curses_cell, text.data(), attributes_of(cell.ink),
               static_cast<short>(static_cast<int>(cell.ink) + 1), nullptr);
      mvwadd_wch(stdscr, row, column, &curses_cell);
    }
  }
  curses_->drawn = screen;
  curses_->fresh = false;
  wrefresh(stdscr);
}

std::optional<int> Terminal::key() {
  wint_t code = 0;
  switch (wget_wch(stdscr, &code)) {
    case OK:
      return static_cast<int>(code);
    case KEY_CODE_YES:
      break;
    default:
      return std::nullopt;
  }
  switch (code) {
    case KEY_UP:
      return live_key::up;
    case KEY_DOWN:
      return live_key::down;
    case KEY_LEFT:
      return live_key::left;
    case KEY_RIGHT:
      return live_key::right;
    case KEY_RESIZE:
      curses_->fresh = true;
      return 0;
    default:
      return 0;
  }
}

}  // namespace kwsd
