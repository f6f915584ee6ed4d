// A file that appears whole or not at all: written beside its place, synced, renamed. A full disk or a kill
// leaves what was there before. A link to a file stays, and what is no file (/dev/null, /dev/stdout, a pipe)
// is written to as it stands. Thread: one per object.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace kwsd {

class AtomicFile {
 public:
  /// Creates `path`.<pid>.tmp (and the folders it needs), or opens what is no file. Throws Error (io).
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  ///< removes the temporary file unless committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Throws Error (io) naming the file and the cause, e.g. "No space left on device".
  void write(const void* data, std::size_t bytes);
  /// Overwrites the first bytes (a header that needs what came later). The next write goes on at the end.
  void write_at_start(const void* data, std::size_t bytes);
  /// Where the next write lands, bytes from the start.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// Where it is written, for writers that take a path.
  [[nodiscard]] const std::filesystem::path& temporary() const noexcept { return temporary_; }
  /// Flushes, syncs and renames. Throws Error (io).
  void commit();

 private:
  [[noreturn]] void fail(int error);
  void discard() noexcept;

  std::filesystem::path path_, target_, temporary_;  // as it was named, where it goes, until then
  bool replaces_ = true;                             // target_ is a file, or there is none yet
  std::FILE* file_ = nullptr;
  std::uint64_t position_ = 0;
};

/// A whole file. Throws Error (io).
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace kwsd
