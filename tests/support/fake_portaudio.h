// A PortAudio, and a machine below it, that do what a test says: linked in place of the real ones, they let
// devices vanish, stall and hang, cards come and go, and the machine sleep. Thread: settings from any thread
// at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace kwsd::fake_portaudio {

struct World {
  std::atomic<bool> present{true};         ///< the device is in the list of the next Pa_Initialize
  std::atomic<bool> delivering{true};      ///< callbacks come
  std::atomic<bool> hang_in_abort{false};  ///< Pa_AbortStream does not return while this is set
  std::atomic<bool> ends{false};           ///< streams end by themselves, as PulseAudio's do
  std::atomic<bool> overflow{false};       ///< the next callback reports an overflow
  std::atomic<double> only_rate{16000};    ///< the one rate that opens; 0: every rate
  std::atomic<int> refusals{
      0};  ///< so many times Pa_OpenStream fails as on a device that is being plugged in
  std::atomic<int> device_channels{1};
  std::atomic<int> initialized{0};      ///< Pa_Initialize calls that are not terminated yet
  std::atomic<int> attempts{0};         ///< Pa_Initialize calls so far
  std::atomic<int> opened_channels{0};  ///< of the stream opened last
  std::atomic<std::int64_t> cards{0};   ///< sound_cards_stamp
  std::atomic<int> slept_seconds{0};    ///< time_asleep
  std::atomic<bool> assertion{false};   ///< the next Pa_Initialize fails in an assertion

  /// Names of the devices in the list of the next Pa_Initialize.
  void set_names(std::vector<std::string> names);
};

World& world();

}  // namespace kwsd::fake_portaudio
