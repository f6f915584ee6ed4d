// Effects of the keys of `kwsd live` on its state. Thread: the screen's, pure.
#pragma once

#include "app/live/live_state.h"

namespace kwsd {

/// Keys without a character.
namespace live_key {
inline constexpr int up = 0x110001, down = 0x110002, left = 0x110003, right = 0x110004;
}

/// The remaining action, for the code that has access to files and devices.
enum class LiveAction : std::uint8_t {
  none,
  quit,
  threshold_moved,
  write_thresholds,
  mark_miss,
  mark_false_accept
};

/// Up and down (k, j) choose a keyword, + and - (right, left) move its threshold by 0.01, space mutes. `key`:
/// a code point or one of live_key; others do nothing.
[[nodiscard]] LiveAction press_key(LiveState& state, int key);

}  // namespace kwsd
