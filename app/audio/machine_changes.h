// Changes that the kernel reports: sound cards that are added or removed, and the machine's sleep. Thread:
// any.
#pragma once

#include <chrono>
#include <cstdint>

namespace kwsd {

/// A number that changes when a sound card is added or removed; always 0 without sound cards. Costs a
/// microsecond.
[[nodiscard]] std::int64_t sound_cards_stamp() noexcept;

/// How long the machine has slept since it was started. steady_clock stands still meanwhile.
[[nodiscard]] std::chrono::nanoseconds time_asleep() noexcept;

}  // namespace kwsd
