#include "app/audio/file_reader.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "app/audio/sound_kind.h"
#include "app/audio/sound_pipe.h"
#include "engine/model/error.h"

namespace kwsd {
namespace {

struct CloseSound {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, CloseSound>;

constexpr sf_count_t most_block_samples = 32768;
constexpr int pipe_blocks_per_second = 50;

/// "Format not recognised" of libsndfile's "Error : Format not recognised.".
std::string fault_of(SNDFILE* file) {
  std::string text = sf_strerror(file);
  text.erase(0, text.starts_with("Error : ") ? 8 : 0);
  text.erase(text.find_last_not_of(". ") + 1);
  return text;
}

/// The sound that a descriptor yields, or none. libsndfile gets a descriptor of its own: where it finds no
/// sound, it closes even one that it was told to leave open, and by then another thread may have opened a
/// file under that number.
Sound open_sound(int descriptor, SF_INFO& info) {
  return Sound(sf_open_fd(fcntl(descriptor, F_DUPFD_CLOEXEC, 3), SFM_READ, &info, SF_TRUE));
}

/// Never waits: a pipe without a writer is rejected like anything else that is not a file.
Descriptor open_file(const std::string& name) {
  Descriptor descriptor(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) {
    throw Error(ErrorKind::no_input, name + ": cannot be opened: " + std::strerror(errno));
  }
  struct stat status {};
  if (fstat(descriptor.get(), &status) == 0 && S_ISREG(status.st_mode)) {
    return descriptor;
  }
  throw Error(ErrorKind::no_input, name + ": found a " +
                                       (S_ISDIR(status.st_mode) ? "directory" : "special file") +
                                       ", expected a sound file (from a pipe: '-i -')");
}

/// The kind of a file that libsndfile does not read, if its first bytes or its name identify it.
std::string kind_of(int descriptor, const std::string& name) {
  std::array<unsigned char, sound_kind_bytes> begin{};
  const ssize_t got = pread(descriptor, begin.data(), begin.size(), 0);
  const auto kind =
      unreadable_kind(std::span(begin).first(static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
  return !kind.empty()                                ? std::string(kind)
         : kind_of_name(name) == NameKind::unreadable ? name.substr(name.rfind('.'))
                                                      : "";
}

class FileReader final : public SampleReader {
 public:
  FileReader(std::shared_ptr<void> input, Sound file, const SF_INFO& info, std::string name, int channel);
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint32_t rate_hz() const noexcept override {
    return static_cast<std::uint32_t>(info_.samplerate);
  }
  [[nodiscard]] int channels() const noexcept override { return info_.channels; }
  [[nodiscard]] std::size_t read(std::span<float> out) override;
  /// Frames of one read, at most.
  void set_block(sf_count_t frames) {
    block_frames_ = std::max<sf_count_t>(frames, 1);
    block_.resize(static_cast<std::size_t>(block_frames_ * info_.channels));
  }

 private:
  std::string name_;
  SF_INFO info_;
  std::shared_ptr<void> input_;  // outlives file_, which reads it
  Sound file_;
  std::size_t channel_;
  sf_count_t block_frames_ = 0;
  std::vector<float> block_;  // [block_frames_][channels]
};

FileReader::FileReader(std::shared_ptr<void> input, Sound file, const SF_INFO& info, std::string name,
                       int channel)
    : name_(std::move(name)),
      info_(info),
      input_(std::move(input)),
      file_(std::move(file)),
      channel_(static_cast<std::size_t>(channel - 1)) {
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
  set_block(most_block_samples / info_.channels);
}

std::size_t FileReader::read(std::span<float> out) {
  const auto wanted = std::min(block_frames_, static_cast<sf_count_t>(out.size()));
  const auto channels = static_cast<std::size_t>(info_.channels);
  const auto frames =
      static_cast<std::size_t>(std::max<sf_count_t>(sf_readf_float(file_.get(), block_.data(), wanted), 0));
  if (frames == 0 && sf_error(file_.get()) != SF_ERR_NO_ERROR) {
    throw Error(ErrorKind::bad_data, name_ + ": damaged: " + fault_of(file_.get()));
  }
  for (std::size_t i = 0; i < frames; ++i) {
    out[i] = block_[i * channels + channel_];
  }
  return frames;
}

}  // namespace

std::unique_ptr<SampleReader> open_sound_file(const std::filesystem::path& path, int channel) {
  const std::string name = path.string();
  Descriptor descriptor = open_file(name);
  SF_INFO info{};
  Sound file = open_sound(descriptor.get(), info);
  if (!file) {
    const std::string fault = fault_of(nullptr);
    const std::string kind = kind_of(descriptor.get(), name);
    throw Error(ErrorKind::bad_data,
                name + (kind.empty() ? ": " + fault + ", expected a sound file (WAV, FLAC, Ogg, Opus)"
                                     : ": found " + kind +
                                           ", which is not supported; convert it: " + conversion_of(path)));
  }
  return std::make_unique<FileReader>(std::make_shared<Descriptor>(std::move(descriptor)), std::move(file),
                                      info, name, channel);
}

std::unique_ptr<SampleReader> open_sound_pipe(Descriptor pipe, bool is_flac, const std::string& name,
                                              int channel) {
  SF_INFO info{};
  std::shared_ptr<void> input;
  Sound file;
  if (is_flac) {
    const auto bytes = std::make_shared<SoundPipe>(std::move(pipe));
    file.reset(bytes->open(info));
    input = bytes;
  } else {
    file = open_sound(pipe.get(), info);
    input = std::make_shared<Descriptor>(std::move(pipe));
  }
  if (!file) {
    throw Error(ErrorKind::bad_data,
                name + ": " + fault_of(nullptr) + ", expected WAV, FLAC, Ogg or raw PCM");
  }
  auto reader = std::make_unique<FileReader>(std::move(input), std::move(file), info, name, channel);
  reader->set_block(info.samplerate / pipe_blocks_per_second);
  return reader;
}

bool is_sound_file(const std::filesystem::path& path) noexcept {
  const Descriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  SF_INFO info{};
  return descriptor.get() >= 0 && open_sound(descriptor.get(), info) != nullptr;
}

}  // namespace kwsd
