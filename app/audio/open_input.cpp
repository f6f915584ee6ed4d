#include "app/audio/open_input.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>

#include "app/audio/file_reader.h"
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

}  // namespace

std::unique_ptr<AudioSource> open_input(const InputOptions& options, bool wait_for_device) {
  if (options.input == "-") {
    return std::make_unique<ReaderSource>(open_stream(0, options), options.realtime);
  }
  std::error_code error;
  const bool like_a_file = options.input.find('/') != std::string::npos ||
                           is_extension(std::filesystem::path(options.input).extension().string()) ||
                           std::filesystem::exists(options.input, error);
  if (like_a_file && options.input != "mic") {
    return std::make_unique<ReaderSource>(open_sound_file(options.input, options.channel), options.realtime);
  }
  return std::make_unique<PortaudioSource>(
      MicrophoneOptions{options.input, options.channel, wait_for_device});
}

}  // namespace kwsd
