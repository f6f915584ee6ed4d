#include "app/audio/file_reader.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "engine/model/error.h"

namespace kwsd {
namespace {

struct CloseSound {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};

class FileReader final : public SampleReader {
 public:
  FileReader(const std::filesystem::path& path, int channel);
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint32_t rate_hz() const noexcept override {
    return static_cast<std::uint32_t>(info_.samplerate);
  }
  [[nodiscard]] std::size_t read(std::span<float> out) override;

 private:
  [[nodiscard]] int open_descriptor() const;

  std::string name_;
  SF_INFO info_{};
  std::unique_ptr<SNDFILE, CloseSound> file_;
  std::size_t channel_;
  sf_count_t block_frames_ = 0;
  std::vector<float> block_;  // [block_frames_][channels]
};

FileReader::FileReader(const std::filesystem::path& path, int channel)
    : name_(path.string()), channel_(static_cast<std::size_t>(channel - 1)) {
  const int descriptor = open_descriptor();
  file_.reset(sf_open_fd(descriptor, SFM_READ, &info_, SF_TRUE));
  if (!file_) {
    throw Error(ErrorKind::bad_data,
                name_ + ": found " + sf_strerror(nullptr) + ", expected a sound file (WAV, FLAC, Ogg, Opus)");
  }
  if (info_.samplerate < 4000 || info_.samplerate > 768000) {
    throw Error(ErrorKind::bad_data, name_ + ": found a rate of " + std::to_string(info_.samplerate) +
                                         " Hz, expected 4000 to 768000 Hz");
  }
  if (info_.frames == 0) {
    throw Error(ErrorKind::bad_data, name_ + ": found no samples, expected sound");
  }
  if (channel > info_.channels) {
    throw Error(ErrorKind::usage, name_ + ": --channel: found " + std::to_string(channel) +
                                      ", expected 1 to " + std::to_string(info_.channels));
  }
  block_frames_ = std::max(32768 / info_.channels, 1);
  block_.resize(static_cast<std::size_t>(block_frames_ * info_.channels));
}

/// Never waits: a pipe that nobody writes to is refused as any other that is no file.
int FileReader::open_descriptor() const {
  const int descriptor = open(name_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    throw Error(ErrorKind::no_input, name_ + ": cannot be opened: " + std::strerror(errno));
  }
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    return descriptor;
  }
  close(descriptor);
  throw Error(ErrorKind::no_input, name_ + ": found a " +
                                       (S_ISDIR(status.st_mode) ? "directory" : "special file") +
                                       ", expected a sound file (raw PCM from a pipe: '-i -')");
}

std::size_t FileReader::read(std::span<float> out) {
  const auto wanted = std::min(block_frames_, static_cast<sf_count_t>(out.size()));
  const auto channels = static_cast<std::size_t>(info_.channels);
  const auto frames =
      static_cast<std::size_t>(std::max<sf_count_t>(sf_readf_float(file_.get(), block_.data(), wanted), 0));
  if (frames == 0 && sf_error(file_.get()) != SF_ERR_NO_ERROR) {
    throw Error(ErrorKind::bad_data, name_ + ": damaged: " + sf_strerror(file_.get()));
  }
  for (std::size_t i = 0; i < frames; ++i) {
    out[i] = block_[i * channels + channel_];
  }
  return frames;
}

}  // namespace

std::unique_ptr<SampleReader> open_sound_file(const std::filesystem::path& path, int channel) {
  return std::make_unique<FileReader>(path, channel);
}

}  // namespace kwsd
