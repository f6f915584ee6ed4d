#include "app/audio/portaudio_stream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <thread>

#include "app/audio/library_output.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

int on_sound(const void* input, void*, unsigned long frames, const PaStreamCallbackTimeInfo*,
             PaStreamCallbackFlags flags, void* target) {
  static_cast<CallbackTarget*>(target)->deliver(static_cast<const float*>(input), frames,
                                                (flags & paInputOverflow) != 0);
  return paContinue;
}

void on_end(void* target) {
  static_cast<CallbackTarget*>(target)->finished.store(true);
}

/// Two channels where the device has them: ALSA's and PulseAudio's converters answer a request for mono by
/// averaging, and the average of two microphones can cancel speech.
std::array<int, 3> channel_counts(const InputDevice& device, int channel) {
  return {std::max(channel + 1, std::min(2, device.channels)), channel + 1, device.channels};
}

}  // namespace

void CallbackTarget::deliver(const float* interleaved, std::size_t frames, bool overflowed) noexcept {
  busy_.store(true);
  if (!shut_.load()) {
    if (overflowed) {
      out->count_overrun(frames);
    }
    if (interleaved != nullptr) {
      out->push_channel(interleaved, frames, channels, channel);
      beat.fetch_add(1, std::memory_order_relaxed);
    }
  }
  busy_.store(false);
}

void CallbackTarget::shut() noexcept {
  shut_.store(true);
  while (busy_.load()) {
    std::this_thread::yield();
  }
}

PortaudioStream::PortaudioStream(const InputDevice& device, int channel, CallbackTarget& target) {
  if (channel >= device.channels) {
    throw Error(ErrorKind::unavailable, "device '" + device.name + "' has " +
                                            std::to_string(device.channels) + " channel(s), channel " +
                                            std::to_string(channel + 1) + " is wanted");
  }
  LibraryOutput output;
  Opened opened = open_at_best_rate(device, channel, target);
  if (opened.error == paNoError && !opened.ready) {
    trapped([this] { return Pa_CloseStream(stream_); });
    opened = open_at_best_rate(device, channel, target);
  }
  if (opened.error != paNoError) {
    throw Error(ErrorKind::unavailable, "device '" + device.name + "' cannot be opened: " +
                                            Pa_GetErrorText(opened.error) + output.reason());
  }
  Pa_SetStreamFinishedCallback(stream_, on_end);
}

PortaudioStream::Opened PortaudioStream::open_at_best_rate(const InputDevice& device, int channel,
                                                           CallbackTarget& target) {
  const PaDeviceInfo* info = Pa_GetDeviceInfo(device.index);
  const PaTime latency = std::clamp(info == nullptr ? 0.05 : info->defaultHighInputLatency, 0.02, 0.1);
  Opened opened{paInvalidDevice, true};
  for (const double rate : {16000.0, device.rate_hz, 48000.0, 44100.0, 32000.0, 96000.0, 8000.0}) {
    for (const int channels : channel_counts(device, channel)) {
      const PaStreamParameters wanted{device.index, channels, paFloat32, latency, nullptr};
      target.channels = channels;
      target.channel = channel;
      opened.error = trapped([&] {
        return Pa_OpenStream(&stream_, &wanted, nullptr, rate, paFramesPerBufferUnspecified,
                             paClipOff | paDitherOff, on_sound, &target);
      });
      if (opened.error == paNoError) {
        rate_hz_ = static_cast<std::uint32_t>(rate + 0.5);
        return opened;
      }
      opened.ready =
          opened.ready && (opened.error == paInvalidSampleRate || opened.error == paInvalidChannelCount);
    }
  }
  return opened;
}

PortaudioStream::~PortaudioStream() {
  const LibraryOutput output;
  try {
    trapped([this] {
      Pa_AbortStream(stream_);
      Pa_CloseStream(stream_);
    });
  } catch (const std::exception& error) {
    spdlog::warn("{}", error.what());
  }
}

void PortaudioStream::start() {
  LibraryOutput output;
  const PaError error = trapped([this] { return Pa_StartStream(stream_); });
  if (error != paNoError) {
    throw Error(ErrorKind::unavailable,
                std::string("the device does not start: ") + Pa_GetErrorText(error) + output.reason());
  }
}

bool PortaudioStream::active() const noexcept {
  return Pa_IsStreamActive(stream_) == 1;
}

}  // namespace kwsd
