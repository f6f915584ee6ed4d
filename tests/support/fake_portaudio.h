// A PortAudio that does what a test says: linked in place of the real one, it lets devices vanish, stall
// and hang. Thread: settings from any thread at any time.
#pragma once

#include <atomic>

namespace kwsd::fake_portaudio {

struct World {
  std::atomic<bool> present{true};         ///< the device is in the list of the next Pa_Initialize
  std::atomic<bool> delivering{true};      ///< callbacks come
  std::atomic<bool> hang_in_abort{false};  ///< Pa_AbortStream does not return while this is set
  std::atomic<bool> ends{false};           ///< streams end by themselves, as PulseAudio's do
  std::atomic<bool> overflow{false};       ///< the next callback reports an overflow
  std::atomic<double> only_rate{16000};    ///< the one rate that opens
  std::atomic<int> device_channels{1};
  std::atomic<int> initialized{0};      ///< Pa_Initialize calls that are not terminated yet
  std::atomic<int> attempts{0};         ///< Pa_Initialize calls so far
  std::atomic<int> opened_channels{0};  ///< of the stream opened last
};

World& world();

}  // namespace kwsd::fake_portaudio
