// The terminal that `kwsd live` draws on, through ncurses. It is as it was after the destructor, and also
// after a crash. Thread: one; one at a time.
#pragma once

#include <memory>
#include <optional>

#include "app/live/screen.h"

namespace kwsd {

class Terminal {
 public:
  /// Null where standard output is no terminal, or one that cannot be drawn on. Keys come from the terminal
  /// even where standard input does not.
  [[nodiscard]] static std::unique_ptr<Terminal> open();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] int rows() const;
  [[nodiscard]] int columns() const;
  [[nodiscard]] bool utf8() const noexcept { return utf8_; }
  /// Readable when a key waits.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// Sends what differs from the last screen.
  void draw(const Screen& screen);
  /// A key that waits, as live_keys.h names it; none: nothing waits. Notices a new size by the way.
  [[nodiscard]] std::optional<int> key();

 private:
  struct Curses;
  explicit Terminal(std::unique_ptr<Curses> curses);

  std::unique_ptr<Curses> curses_;
  int descriptor_;
  bool utf8_;
};

}  // namespace kwsd
