// A file that is written completely or not at all: written next to its destination, synced, renamed. A full
// disk or a kill leaves the old content. A link to a file is preserved, and anything that is not a regular
// file (/dev/null, /dev/stdout, a pipe) is written to directly. Thread: one per object.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace kwsd {

class AtomicFile {
 public:
  /// Creates `path`.<pid>.tmp (and the folders it needs), or opens a target that is not a regular file.
  /// Throws Error (io).
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  ///< removes the temporary file unless committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Throws Error (io) naming the file and the cause, e.g. "No space left on device".
  void write(const void* data, std::size_t bytes);
  /// Overwrites the first bytes (a header that depends on later data). The next write continues at the end.
  void write_at_start(const void* data, std::size_t bytes);
  /// Position of the next write, bytes from the start.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// The path that is being written, for writers that take a path.
  [[nodiscard]] const std::filesystem::path& temporary() const noexcept { return temporary_; }
  /// Flushes, syncs and renames. Throws Error (io).
  void commit();

 private:
  [[noreturn]] void fail(int error);
  void discard() noexcept;

  std::filesystem::path path_, target_, temporary_;  // the path as given; the destination; the temporary file
  bool replaces_ = true;                             // target_ is a file, or there is none yet
  std::FILE* file_ = nullptr;
  std::uint64_t position_ = 0;
};

/// A whole file. Throws Error (io).
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace kwsd
