#include "tests/support/fake_portaudio.h"

#include <portaudio.h>

#include <array>
#include <cassert>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "app/audio/machine_changes.h"

namespace {

using kwsd::fake_portaudio::World;

World the_world;
std::atomic<bool> listed{false};  // the list of devices, frozen by Pa_Initialize

constexpr int frames_per_callback = 160;
constexpr auto pace = std::chrono::milliseconds(2);  // five times as fast as real time

struct FakeStream {
  PaStreamCallback* callback = nullptr;
  PaStreamFinishedCallback* finished = nullptr;
  void* user = nullptr;
  int channels = 1;
  std::atomic<bool> stop{false}, active{false};
  std::thread thread;

  /// Channel c of frame n carries (c + 1) / 8.
  void run() {
    std::array<float, frames_per_callback * 8> samples{};
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] = static_cast<float>(i % static_cast<std::size_t>(channels) + 1) / 8.0F;
    }
    while (!stop && !the_world.ends) {
      if (the_world.delivering) {
        const PaStreamCallbackFlags flags = the_world.overflow.exchange(false) ? paInputOverflow : 0;
        callback(samples.data(), nullptr, frames_per_callback, nullptr, flags, user);
      }
      std::this_thread::sleep_for(pace);
    }
    active = false;
    if (finished != nullptr) {
      finished(user);
    }
  }
};

std::mutex names_mutex;
std::vector<std::string> device_names{"fake: USB microphone"}, listed_names;

PaDeviceInfo& device(PaDeviceIndex index) {
  static std::array<PaDeviceInfo, 4> infos{};
  PaDeviceInfo& info = infos[static_cast<std::size_t>(index)];
  info.structVersion = 2;
  info.name = listed_names[static_cast<std::size_t>(index)].c_str();
  info.maxInputChannels = the_world.device_channels;
  info.defaultHighInputLatency = 0.03;
  info.defaultSampleRate = the_world.only_rate;
  return info;
}

}  // namespace

std::int64_t kwsd::sound_cards_stamp() noexcept {
  return the_world.cards;
}

std::chrono::nanoseconds kwsd::time_asleep() noexcept {
  return std::chrono::seconds(the_world.slept_seconds);
}

kwsd::fake_portaudio::World& kwsd::fake_portaudio::world() {
  return the_world;
}

void kwsd::fake_portaudio::World::set_names(std::vector<std::string> wanted) {
  const std::scoped_lock lock(names_mutex);
  device_names = std::move(wanted);
}

extern "C" {

// <cassert> declares it only where assertions are compiled.
void __assert_fail(const char* assertion, const char* file, unsigned line, const char* function) noexcept;

PaError Pa_Initialize() {
  ++the_world.attempts;
  if (the_world.assertion) {
    __assert_fail("sound' at", "fake.c", 1, "Pa_Initialize");
  }
  ++the_world.initialized;
  const std::scoped_lock lock(names_mutex);
  listed_names = device_names;
  listed = the_world.present.load();
  return paNoError;
}

PaError Pa_Terminate() {
  --the_world.initialized;
  return paNoError;
}

const char* Pa_GetErrorText(PaError) {
  return "fake error";
}

PaDeviceIndex Pa_GetDeviceCount() {
  return listed ? static_cast<int>(listed_names.size()) : 0;
}

PaDeviceIndex Pa_GetDefaultInputDevice() {
  return listed ? 0 : paNoDevice;
}

const PaDeviceInfo* Pa_GetDeviceInfo(PaDeviceIndex index) {
  return &device(index);
}

const PaHostApiInfo* Pa_GetHostApiInfo(PaHostApiIndex) {
  return nullptr;
}

PaError Pa_OpenStream(PaStream** stream, const PaStreamParameters* input, const PaStreamParameters*,
                      double rate, unsigned long, PaStreamFlags, PaStreamCallback* callback, void* user) {
  if (!the_world.present) {
    return paDeviceUnavailable;
  }
  if (the_world.refusals > 0) {
    --the_world.refusals;
    return paUnanticipatedHostError;
  }
  if (the_world.only_rate != 0 && rate != the_world.only_rate) {
    return paInvalidSampleRate;
  }
  if (input->channelCount != the_world.device_channels) {
    return paInvalidChannelCount;
  }
  auto* opened = new FakeStream;
  opened->callback = callback;
  opened->user = user;
  opened->channels = input->channelCount;
  the_world.opened_channels = input->channelCount;
  *stream = opened;
  return paNoError;
}

PaError Pa_SetStreamFinishedCallback(PaStream* stream, PaStreamFinishedCallback* finished) {
  static_cast<FakeStream*>(stream)->finished = finished;
  return paNoError;
}

PaError Pa_StartStream(PaStream* stream) {
  auto* started = static_cast<FakeStream*>(stream);
  started->active = true;
  started->thread = std::thread([started] { started->run(); });
  return paNoError;
}

PaError Pa_IsStreamActive(PaStream* stream) {
  return static_cast<FakeStream*>(stream)->active ? 1 : 0;
}

PaError Pa_AbortStream(PaStream* stream) {
  while (the_world.hang_in_abort) {
    std::this_thread::sleep_for(pace);
  }
  auto* aborted = static_cast<FakeStream*>(stream);
  aborted->stop = true;
  if (aborted->thread.joinable()) {
    aborted->thread.join();
  }
  return paNoError;
}

PaError Pa_CloseStream(PaStream* stream) {
  delete static_cast<FakeStream*>(stream);
  return paNoError;
}

}  // extern "C"
