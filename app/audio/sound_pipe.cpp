#include "app/audio/sound_pipe.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace kwsd {

SNDFILE* SoundPipe::open(SF_INFO& info) {
  SF_VIRTUAL_IO io{length, seek, read, write, tell};
  return sf_open_virtual(&io, SFM_READ, &info, this);
}

/// Seeks back within the kept bytes, or to the current position.
sf_count_t SoundPipe::seek(sf_count_t offset, int whence, void* pipe) noexcept {
  auto& self = *static_cast<SoundPipe*>(pipe);
  const sf_count_t wanted = whence == SEEK_CUR ? self.position_ + offset : offset;
  const auto kept = static_cast<sf_count_t>(self.kept_.size());
  if (whence != SEEK_END && wanted >= 0 && (wanted == self.read_ || (wanted < kept && self.read_ == kept))) {
    self.position_ = wanted;
    return wanted;
  }
  return -1;
}

sf_count_t SoundPipe::read(void* out, sf_count_t bytes, void* pipe) noexcept {
  auto& self = *static_cast<SoundPipe*>(pipe);
  auto* to = static_cast<unsigned char*>(out);
  if (self.position_ < self.read_) {
    const sf_count_t count = std::min(bytes, self.read_ - self.position_);
    std::copy_n(self.kept_.begin() + self.position_, count, to);
    self.position_ += count;
    return count;
  }
  ssize_t got = 0;
  do {
    got = ::read(self.pipe_.get(), to, static_cast<std::size_t>(bytes));
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    return 0;
  }
  if (self.read_ == static_cast<sf_count_t>(self.kept_.size()) &&
      self.kept_.size() + static_cast<std::size_t>(got) <= most_kept_bytes) {
    self.kept_.insert(self.kept_.end(), to, to + got);
  }
  self.read_ += got;
  self.position_ = self.read_;
  return got;
}

}  // namespace kwsd
