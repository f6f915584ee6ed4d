#include "app/audio/machine_changes.h"

#include <sys/stat.h>

#include <ctime>

namespace kwsd {

namespace {

std::chrono::nanoseconds duration_of(const timespec& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds read_clock(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return duration_of(time);
}

}  // namespace

std::int64_t sound_cards_stamp() noexcept {
  struct stat folder {};  // modified whenever a device is created or removed in it
  return stat("/dev/snd", &folder) == 0 ? duration_of(folder.st_mtim).count() : 0;
}

std::chrono::nanoseconds time_asleep() noexcept {
  const std::chrono::nanoseconds awake = read_clock(CLOCK_MONOTONIC);  // first: never more than the other
  return read_clock(CLOCK_BOOTTIME) - awake;
}

}  // namespace kwsd
