// The recordings, decoded once: one file on disk, mapped into memory. Thread: opened by one, read by any.
//
// File (little endian, local to a machine): "KWSDCLIP" u32 version, u32 clips, u64 offset of the index; the
// samples; the index: per clip u64 offset, u64 samples, i64 bytes and i64 mtime of its source, i32 word
// begin and end, u16 length + path, u16 length + what was wrong; u64 hash of the index.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/trainer/data/endpoints.h"

namespace kwsd::train {

struct SourceFile {
  std::filesystem::path path;
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
};

struct StoredClip {
  std::span<const std::int16_t>
      samples;        ///< 16 kHz; empty when the file could not be decoded
  Extent word;        ///< position of the word, for recordings of up to 10 s
  std::string error;  ///< why it could not be decoded
};

class ClipStore {
 public:
  /// Opens the cache for one channel of `files` and brings it up to date: a clip whose path, size and time
  /// are unchanged is not decoded again. Shows progress. Throws Error (io) when the cache cannot be written;
  /// a cache that is damaged is made anew.
  ClipStore(const std::filesystem::path& cache_file, const std::vector<SourceFile>& files, int channel,
            unsigned threads);
  ~ClipStore();
  ClipStore(ClipStore&&) noexcept;
  ClipStore& operator=(ClipStore&&) noexcept;

  /// In the order of `files`.
  [[nodiscard]] const std::vector<StoredClip>& clips() const noexcept { return clips_; }
  /// How many files were decoded by the constructor.
  [[nodiscard]] std::size_t decoded() const noexcept { return decoded_; }

  /// A longer recording is an error of its clip; recordings are never cut.
  static constexpr double most_seconds = 24 * 3600.0;

 private:
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
  std::vector<StoredClip> clips_;
  std::size_t decoded_ = 0;
};

/// Size and time of a file, for the cache's key. Throws Error (no_input).
[[nodiscard]] SourceFile source_file(const std::filesystem::path& path);

}  // namespace kwsd::train
