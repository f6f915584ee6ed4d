// A pipe as libsndfile's virtual file. Needed for FLAC: libsndfile seeks back to the start of the bytes that
// it has examined, which a pipe no longer has. Thread: one.
#pragma once

#include <sndfile.h>

#include <cstddef>
#include <vector>

#include "app/base/descriptor.h"

namespace kwsd {

class SoundPipe {
 public:
  explicit SoundPipe(Descriptor pipe) noexcept : pipe_(std::move(pipe)) {}
  SoundPipe(const SoundPipe&) = delete;
  SoundPipe& operator=(const SoundPipe&) = delete;

  /// The file, of unknown length; nullptr and sf_strerror if it is not a sound file. This object must outlive
  /// it.
  [[nodiscard]] SNDFILE* open(SF_INFO& info);

 private:
  /// Bytes kept from the start, so that libsndfile can seek back after examining them.
  static constexpr std::size_t most_kept_bytes = 4096;

  static sf_count_t length(void*) noexcept { return SF_COUNT_MAX; }
  static sf_count_t seek(sf_count_t offset, int whence, void* pipe) noexcept;
  static sf_count_t read(void* out, sf_count_t bytes, void* pipe) noexcept;
  static sf_count_t write(const void*, sf_count_t, void*) noexcept { return 0; }
  static sf_count_t tell(void* pipe) noexcept { return static_cast<SoundPipe*>(pipe)->position_; }

  Descriptor pipe_;
  std::vector<unsigned char> kept_;
  sf_count_t position_ = 0, read_ = 0;  // bytes
};

}  // namespace kwsd
