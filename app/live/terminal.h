// The terminal that `kwsd live` draws on, through ncurses. The destructor restores the terminal's state, and
// so does a crash. Thread: one; one at a time.
#pragma once

#include <memory>
#include <optional>

#include "app/live/screen.h"

namespace kwsd {

class Terminal {
 public:
  /// Null if standard output is not a terminal, or is one that does not support drawing. Keys come from the
  /// terminal even if standard input does not.
  [[nodiscard]] static std::unique_ptr<Terminal> open();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] int rows() const;
  [[nodiscard]] int columns() const;
  [[nodiscard]] bool utf8() const noexcept { return utf8_; }
  /// Readable when a key is pending.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// Sends the differences from the last screen.
  void draw(const Screen& screen);
  /// A pending key, as live_keys.h names it; none: no key is pending. Also detects a new size.
  [[nodiscard]] std::optional<int> key();

 private:
  struct Curses;
  explicit Terminal(std::unique_ptr<Curses> curses);

  std::unique_ptr<Curses> curses_;
  int descriptor_;
  bool utf8_;
};

}  // namespace kwsd
