// What the kernel shows of sound cards that come and go, and of the machine's sleep. Thread: any.
#pragma once

#include <chrono>
#include <cstdint>

namespace kwsd {

/// A number that changes when a sound card comes or goes; always 0 where there are none. Costs a microsecond.
[[nodiscard]] std::int64_t sound_cards_stamp() noexcept;

/// How long the machine has slept since it was started. steady_clock stands still meanwhile.
[[nodiscard]] std::chrono::nanoseconds time_asleep() noexcept;

}  // namespace kwsd
