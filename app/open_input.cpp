#include "app/open_input.h"

#include <filesystem>

#include "app/file_reader.h"
#include "app/pcm_reader.h"
#include "app/portaudio_source.h"
#include "app/reader_source.h"

namespace kwsd {

std::unique_ptr<AudioSource> open_input(const InputOptions& options, bool wait_for_device) {
  if (options.input == "-") {
    return std::make_unique<ReaderSource>(open_pcm(0, options), options.realtime);
  }
  std::error_code error;
  const bool like_a_file = options.input.find('/') != std::string::npos ||
                           std::filesystem::path(options.input).has_extension() ||
                           std::filesystem::exists(options.input, error);
  if (like_a_file && options.input != "mic") {
    return std::make_unique<ReaderSource>(open_sound_file(options.input, options.channel), options.realtime);
  }
  return std::make_unique<PortaudioSource>(
      MicrophoneOptions{options.input, options.channel, wait_for_device});
}

}  // namespace kwsd
