// The sounds of the page: recordings of words, clips of detections and of near misses, and the clips that
// somebody has marked as mistakes. The page names them by ids that are looked up here: no path comes from
// outside. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/web/api_request.h"

namespace kwsd {

struct ShelfSound {
  enum class Kind : std::uint8_t { recording, dropped, clip, near_miss };
  Kind kind = Kind::recording;
  std::filesystem::path path;
  std::string id;    ///< 16 hex digits, the same in each run
  std::string word;  ///< of a clip: the keyword in its name
  double time = 0;   ///< of its last change, seconds since 1970
  ApiRequest::Mark mark = ApiRequest::Mark::none;
};

class SoundShelf {
 public:
  static constexpr std::size_t most_sounds = 500;          ///< of each kind that are listed, newest first
  static constexpr std::uintmax_t most_bytes = 4U << 20U;  ///< of a sound that is served

  /// Recordings are in data/recordings/WORD, words of the last recording that were not kept in
  /// data/dropped/WORD, mistakes in data/mistakes/WORD (missed) and not_WORD (false
  /// accepts). `clips`, `near_misses`: the folders of --save-clips and --save-near-misses; empty: none.
  SoundShelf(std::filesystem::path data, std::filesystem::path clips, std::filesystem::path near_misses);

  [[nodiscard]] std::filesystem::path recordings() const { return data_ / "recordings"; }
  [[nodiscard]] std::filesystem::path dropped() const { return data_ / "dropped"; }
  [[nodiscard]] std::filesystem::path mistakes() const { return data_ / "mistakes"; }
  /// When a near miss came or went: kwsd has no event for them.
  [[nodiscard]] std::filesystem::file_time_type near_misses_changed() const;
  /// Newest first.
  [[nodiscard]] std::vector<ShelfSound> list(ShelfSound::Kind kind) const;
  /// Throws Error (no_input).
  [[nodiscard]] ShelfSound find(const std::string& id) const;
  /// The file's bytes. Throws Error (no_input).
  [[nodiscard]] std::string read(const std::string& id) const;
  /// Copies the sound to the mistakes of its word, or removes the copy. Throws Error: no_input, io.
  void mark(const std::string& id, ApiRequest::Mark mark) const;
  /// Removes a recording; clips are kwsd's. Throws Error: no_input, usage, io.
  void remove(const std::string& id) const;

 private:
  [[nodiscard]] std::filesystem::path copy_of(const ShelfSound& sound, ApiRequest::Mark mark) const;
  void add(std::vector<ShelfSound>& to, ShelfSound::Kind kind, const std::filesystem::path& path,
           const std::string& word) const;

  std::filesystem::path data_, clips_, near_misses_;
};

}  // namespace kwsd
