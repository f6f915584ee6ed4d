#include "app/live/live_keys.h"

#include <algorithm>
#include <cmath>

namespace kwsd {

namespace {

void select(LiveState& state, int step) {
  const auto count = static_cast<int>(state.keywords.size());
  if (count > 0) {
    state.selected = static_cast<std::size_t>((static_cast<int>(state.selected) + step + count) % count);
  }
}

LiveAction move_threshold(LiveState& state, int hundredths) {
  if (state.selected < state.keywords.size()) {
    LiveKeyword& keyword = state.keywords[state.selected];
    const auto now = static_cast<int>(std::lround(keyword.threshold * 100));
    keyword.threshold = static_cast<float>(std::clamp(now + hundredths, 0, 100)) / 100.0F;
    keyword.threshold_set = true;
    return LiveAction::threshold_moved;
  }
  return LiveAction::none;
}

}  // namespace

LiveAction press_key(LiveState& state, int key) {
  switch (key) {
    case live_key::up:
    case 'k':
      select(state, -1);
      break;
    case live_key::down:
    case 'j':
      select(state, +1);
      break;
    case live_key::right:
    case '+':
    case '=':
      return move_threshold(state, +1);
    case live_key::left:
    case '-':
    case '_':
      return move_threshold(state, -1);
    case ' ':
      state.muted = !state.muted;
      break;
    case 'w':
      return LiveAction::write_thresholds;
    case 'm':
      return LiveAction::mark_miss;
    case 'f':
      return LiveAction::mark_false_accept;
    case 'q':
      return LiveAction::quit;
    default:
      break;
  }
  return LiveAction::none;
}

}  // namespace kwsd
