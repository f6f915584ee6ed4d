#include "app/audio/sound_writer.h"

#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/model/error.h"

namespace kwsd {

namespace {

SNDFILE* sound(void* file) noexcept {
  return static_cast<SNDFILE*>(file);
}

int close_sound(void* file) {
  return sf_close(sound(file));
}

}  // namespace

SoundWriter::SoundWriter(const std::filesystem::path& path, Mode mode, const std::filesystem::path& name)
    : path_(path), name_(name.empty() ? path : name), file_(nullptr, close_sound) {
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (mode == Mode::create ? O_EXCL : O_TRUNC);
  const int descriptor = open(path.c_str(), flags, 0666);
  if (descriptor < 0) {
    fail(std::strerror(errno));
  }
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = (name_.extension() == ".flac" ? SF_FORMAT_FLAC : SF_FORMAT_WAV) | SF_FORMAT_PCM_16;
  file_.reset(sf_open_fd(descriptor, SFM_WRITE, &info, SF_TRUE));
  if (!file_) {
    fail(sf_strerror(nullptr));  // the descriptor is closed
  }
  sf_command(sound(file_.get()), SFC_SET_CLIPPING, nullptr, SF_TRUE);
}

SoundWriter::~SoundWriter() {
  std::error_code ignored;
  if (!whole_ && std::filesystem::is_regular_file(std::filesystem::symlink_status(path_, ignored))) {
    std::filesystem::remove(path_, ignored);
  }
}

void SoundWriter::write(std::span<const float> samples) {
  const auto wanted = static_cast<sf_count_t>(samples.size());
  if (sf_write_float(sound(file_.get()), samples.data(), wanted) != wanted) {
    fail(sf_strerror(sound(file_.get())));
  }
}

void SoundWriter::close() {
  sf_write_sync(sound(file_.get()));
  const int error = sf_error(sound(file_.get()));
  if (sf_close(sound(file_.release())) != 0 || error != 0) {
    fail(sf_error_number(error));
  }
  whole_ = true;
}

void SoundWriter::fail(const char* cause) const {
  throw Error(ErrorKind::io, name_.string() + ": cannot be written: " + cause);
}

}  // namespace kwsd
