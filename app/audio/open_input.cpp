#include "app/audio/open_input.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <vector>

#include "app/audio/alsa_names.h"
#include "app/audio/file_reader.h"
#include "app/audio/portaudio_devices.h"
#include "app/audio/portaudio_source.h"
#include "app/audio/reader_source.h"
#include "app/audio/stream_reader.h"

namespace kwsd {

namespace {

/// ".wav", but not ".0 Camera: Audio (hw:1,0)".
bool is_extension(const std::string& text) {
  return text.size() > 1 && std::isalpha(static_cast<unsigned char>(text[1])) != 0 &&
         std::all_of(text.begin() + 1, text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

/// Whether `kwsd devices` lists the input under this name, which looks like a file's ("A/V input").
bool is_listed(const std::string& name) {
  try {
    const std::vector<InputDevice> inputs = PortaudioLibrary().inputs();
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const InputDevice& input) { return input.name == name; });
  } catch (const Error&) {
    return false;
  }
}

/// A file, or a name that can only be meant as one.
bool is_file(const std::string& input) {
  std::error_code error;
  if (std::filesystem::exists(input, error)) {
    return true;
  }
  if (input == "mic" || is_device_name(input)) {
    return false;
  }
  if (is_extension(std::filesystem::path(input).extension().string())) {
    return true;
  }
  return input.find('/') != std::string::npos && !is_listed(input);
}

}  // namespace

std::unique_ptr<AudioSource> open_input(const InputOptions& options, DeviceWait wait) {
  if (options.input == "-") {
    return std::make_unique<ReaderSource>(open_stream(0, options), options.realtime);
  }
  if (options.input != "mic" && is_file(options.input)) {
    return std::make_unique<ReaderSource>(open_sound_file(options.input, options.channel), options.realtime);
  }
  return std::make_unique<PortaudioSource>(MicrophoneOptions{options.input, options.channel, wait});
}

}  // namespace kwsd
