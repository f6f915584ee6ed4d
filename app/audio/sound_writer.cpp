#include "app/audio/sound_writer.h"

#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/audio/pcm16.h"
#include "engine/model/error.h"

namespace kwsd {

namespace {

SNDFILE* sound(void* file) noexcept {
  return static_cast<SNDFILE*>(file);
}

int close_sound(void* file) {
  return sf_close(sound(file));
}

/// libsndfile's text for its last error, after a call that left `error` in errno: the system's text if
/// libsndfile has none.
std::string reason_of(SNDFILE* file, int error) {
  const std::string text = sf_strerror(file);
  return error != 0 && text.starts_with("System error") ? std::strerror(error) : text;
}

}  // namespace

SoundWriter::SoundWriter(const std::filesystem::path& path, Mode mode, const std::filesystem::path& name)
    : path_(path), name_(name.empty() ? path : name), file_(nullptr, close_sound) {
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (mode == Mode::create ? O_EXCL : O_TRUNC);
  const int descriptor = open(path.c_str(), flags, 0666);
  if (descriptor < 0) {
    whole_ = true;  // an existing file is not ours
    fail(std::strerror(errno));
  }
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = (name_.extension() == ".flac" ? SF_FORMAT_FLAC : SF_FORMAT_WAV) | SF_FORMAT_PCM_16;
  errno = 0;
  file_.reset(sf_open_fd(descriptor, SFM_WRITE, &info, SF_TRUE));
  if (!file_) {
    fail(reason_of(nullptr, errno));  // the descriptor is closed
  }
}

SoundWriter::~SoundWriter() {
  discard();
}

/// Removes a file that was begun and not closed.
void SoundWriter::discard() noexcept {
  std::error_code ignored;
  if (!whole_ && std::filesystem::is_regular_file(std::filesystem::symlink_status(path_, ignored))) {
    std::filesystem::remove(path_, ignored);
  }
}

void SoundWriter::set_remark(const char* text) noexcept {
  sf_set_string(sound(file_.get()), SF_STR_COMMENT, text);
}

void SoundWriter::write(std::span<const float> samples) {
  write(std::span<const std::int16_t>(to_pcm16(samples)));
}

void SoundWriter::write(std::span<const std::int16_t> samples) {
  errno = 0;
  const auto wanted = static_cast<sf_count_t>(samples.size());
  if (sf_write_short(sound(file_.get()), samples.data(), wanted) != wanted) {
    fail(reason_of(sound(file_.get()), errno));
  }
}

void SoundWriter::close() {
  errno = 0;
  sf_write_sync(sound(file_.get()));
  std::string reason;
  if (sf_error(sound(file_.get())) != 0) {
    reason = reason_of(sound(file_.get()), errno);
  }
  if (const int error = sf_close(sound(file_.release())); error != 0 && reason.empty()) {
    reason = errno != 0 ? std::strerror(errno) : sf_error_number(error);
  }
  if (!reason.empty()) {
    fail(reason);
  }
  whole_ = true;
}

void SoundWriter::fail(const std::string& cause) {
  discard();
  throw Error(ErrorKind::io, name_.string() + ": cannot be written: " + cause);
}

void write_sound(const std::filesystem::path& path, std::span<const std::int16_t> samples) {
  SoundWriter file(path, SoundWriter::Mode::replace);
  file.write(samples);
  file.close();
}

std::string sound_remark(const std::filesystem::path& path) {
  SF_INFO info{};
  const std::unique_ptr<void, int (*)(void*)> file(sf_open(path.c_str(), SFM_READ, &info), close_sound);
  const char* text = file ? sf_get_string(sound(file.get()), SF_STR_COMMENT) : nullptr;
  return text == nullptr ? "" : text;
}

}  // namespace kwsd
