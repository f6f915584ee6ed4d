#include "app/audio/portaudio_devices.h"

#include <portaudio.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "app/audio/alsa_names.h"
#include "app/audio/library_output.h"
#include "app/audio/sound_access.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "USB PnP: Audio (hw:1,0)" -> "USB PnP: Audio,0)": without the number of the card.
std::string without_card(const std::string& name) {
  const std::size_t number = name.rfind("(hw:"), comma = name.find(',', number);
  return comma == std::string::npos ? name : name.substr(0, number) + name.substr(comma);
}

template <typename Predicate>
const InputDevice* first(std::span<const InputDevice> inputs, Predicate matches) {
  const auto found = std::find_if(inputs.begin(), inputs.end(), matches);
  return found == inputs.end() ? nullptr : &*found;
}

}  // namespace

PortaudioLibrary::PortaudioLibrary() {
  if (const std::string fault = alsa_configuration_fault(); !fault.empty()) {
    throw Error(ErrorKind::unavailable, fault);
  }
  LibraryOutput output;
  const PaError error = trapped([] { return Pa_Initialize(); });
  if (error != paNoError) {
    throw Error(ErrorKind::unavailable,
                std::string("PortAudio does not start: ") + Pa_GetErrorText(error) + output.reason());
  }
}

PortaudioLibrary::~PortaudioLibrary() {
  const LibraryOutput output;
  try {
    trapped([] { Pa_Terminate(); });
  } catch (const std::exception& error) {
    spdlog::warn("{}", error.what());
  }
}

std::vector<InputDevice> PortaudioLibrary::inputs() const {
  std::vector<InputDevice> inputs;
  const PaDeviceIndex standard = Pa_GetDefaultInputDevice();
  for (PaDeviceIndex index = 0; index < Pa_GetDeviceCount(); ++index) {
    const PaDeviceInfo* info = Pa_GetDeviceInfo(index);
    if (info == nullptr || info->maxInputChannels < 1) {
      continue;
    }
    const PaHostApiInfo* api = Pa_GetHostApiInfo(info->hostApi);
    inputs.push_back({index, info->name, api == nullptr ? "" : api->name, info->maxInputChannels,
                      info->defaultSampleRate, index == standard});
  }
  return inputs;
}

const InputDevice* find_input(std::span<const InputDevice> inputs, const std::string& wanted) {
  if (wanted == "mic") {
    const InputDevice* standard = first(inputs, [](const InputDevice& device) { return device.is_default; });
    return standard != nullptr || inputs.empty() ? standard : &inputs.front();
  }
  if (const auto* exact = first(inputs, [&](const InputDevice& device) { return device.name == wanted; })) {
    return exact;
  }
  int index = -1;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  if (error == std::errc() && end == wanted.data() + wanted.size()) {
    return first(inputs, [&](const InputDevice& device) { return device.index == index; });
  }
  if (const auto address = alsa_address(wanted)) {
    const auto* found =
        first(inputs, [&](const InputDevice& device) { return portaudio_address(device.name) == address; });
    if (found != nullptr) {
      return found;
    }
  }
  const std::string part = lower(wanted);
  return first(inputs,
               [&](const InputDevice& device) { return lower(device.name).find(part) != std::string::npos; });
}

bool are_twins(const std::string& a, const std::string& b) {
  return a != b && without_card(a) == without_card(b);
}

const InputDevice* find_again(std::span<const InputDevice> inputs, const std::string& name) {
  if (const auto* exact = first(inputs, [&](const InputDevice& device) { return device.name == name; })) {
    return exact;
  }
  return first(inputs, [&](const InputDevice& device) { return are_twins(device.name, name); });
}

std::string list_names(std::span<const InputDevice> inputs) {
  std::string names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    names += i == 0 ? "" : i + 1 == inputs.size() ? " and " : ", ";
    names += '\'' + inputs[i].name + '\'';
  }
  return names.empty() ? "none" : names;
}

}  // namespace kwsd
