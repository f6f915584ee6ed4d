#include "app/record/clip_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include "app/audio/sound_writer.h"
#include "app/base/random.h"
#include "app/base/words.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

std::string anonymous_speaker() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::array<char, 16> text{};
  const std::uint64_t hash = stable_hash(std::to_string(getuid()) + '@' + host.data());
  std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(hash & 0xFFFFFFFFU));
  return text.data();
}

}  // namespace

ClipFolder::ClipFolder(std::filesystem::path folder, const std::string& speaker)
    : folder_(std::move(folder)), speaker_(speaker.empty() ? anonymous_speaker() : speaker) {
  const bool fine = std::all_of(speaker_.begin(), speaker_.end(),
                                [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
  if (!fine || speaker_.size() > limits::name_bytes) {
    throw Error(ErrorKind::usage,
                "--speaker: found '" + printable(speaker) + "', expected up to 64 letters, digits and '-'");
  }
}

std::filesystem::path ClipFolder::save(const std::string& word, std::span<const float> samples) const {
  check_keyword(word, "WORD");
  const std::filesystem::path folder = folder_ / word;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Error(ErrorKind::io, folder.string() + ": cannot be made: " + error.message());
  }
  std::filesystem::path path;
  for (int number = 0; path.empty() || std::filesystem::exists(std::filesystem::symlink_status(path, error));
       ++number) {
    path = folder / (speaker_ + "_nohash_" + std::to_string(number) + ".wav");
  }
  SoundWriter file(path, SoundWriter::Mode::create);
  file.write(samples);
  file.close();
  return path;
}

}  // namespace kwsd
